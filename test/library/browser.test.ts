import { expect, test } from "vitest";
import { sourceFiles } from "../architecture/source-files.ts";

const files = new Map(sourceFiles().map((file) => [file.path, file]));

/** Imports that leave values in the built file. */
const values = (text: string): string[] =>
  [...text.matchAll(/^(?:import|export)\s+(?!type\b)(?:\{([^}]*)\}|[^;{]*?)\s*from\s+"([^"]+)"/gm)].flatMap(
    ([, names, from]) => (names?.split(",").every((name) => /^\s*(type\s.*)?$/.test(name)) ? [] : [from!]),
  );

/** Every package that a file and those below it import, with the way to it. */
const packages = (
  path: string,
  way: readonly string[] = [],
  seen = new Set<string>(),
): Map<string, readonly string[]> => {
  const file = files.get(path);
  if (file === undefined || seen.has(path)) return new Map();
  seen.add(path);
  const here = [...way, path];
  return new Map(
    values(file.text).flatMap((from): [string, readonly string[]][] =>
      from.startsWith(".")
        ? [...packages(new URL(from, `file:///${path}`).pathname.slice(1), here, seen)]
        : [[from, here]],
    ),
  );
};

test("the entry of browsers stands on packages that run in browsers, and on nothing of Node's", () => {
  const found = packages("library/browser.ts");
  const fit = ["@bufbuild/protobuf", "@bufbuild/protobuf/codegenv2", "d3-random", "onnxruntime-web/wasm", "zod"];
  const others = [...found].filter(([name]) => ![...fit, "pure-rand/generator/xoroshiro128plus"].includes(name));
  expect(others.map(([name, way]) => `${name} by ${way.join(" > ")}`)).toEqual([]);
  expect(fit.filter((name) => !found.has(name))).toEqual([]);
});
