import { expect, test } from "vitest";
import { sourceFiles } from "../architecture/source-files.ts";

const files = new Map(sourceFiles().map((file) => [file.path, file]));

/** Parts of the graph that docs/decisions/browser.md sets apart as a step of their own. */
const apart = new Set(["runtime/index.ts", "training/checkpoint.ts"]);

/** Imports that leave values in the built file. */
const values = (text: string): string[] =>
  [...text.matchAll(/^(?:import|export)\s+(?!type\b)(?:\{([^}]*)\}|[^;{]*?)\s*from\s+"([^"]+)"/gm)].flatMap(
    ([, names, from]) => (names?.split(",").every((name) => /^\s*(type\s.*)?$/.test(name)) ? [] : [from!]),
  );

const nodeImports = (path: string, seen = new Set<string>()): string[] => {
  const file = files.get(path);
  if (file === undefined || seen.has(path) || apart.has(path)) return [];
  seen.add(path);
  return values(file.text).flatMap((from) => {
    if (!from.startsWith(".")) return /^node:|^sharp$/.test(from) ? [`${path} imports ${from}`] : [];
    return nodeImports(new URL(from, `file:///${path}`).pathname.slice(1), seen);
  });
};

test("a set in memory and training need no more of Node than docs/decisions/browser.md says", () => {
  const seen = new Set<string>();
  const found = ["library/train-student.ts", "library/training-set.ts", "sets/from-files.ts"].flatMap((path) =>
    nodeImports(path, seen),
  );
  expect(seen.size).toBeGreaterThan(80);
  expect(found.sort()).toEqual([
    "codecs/png-paeth.ts imports node:util",
    "codecs/png-paeth.ts imports node:zlib",
    "codecs/png-sheet.ts imports sharp",
    "support/array-limit.ts imports node:buffer",
    "support/key.ts imports node:crypto",
  ]);
});
