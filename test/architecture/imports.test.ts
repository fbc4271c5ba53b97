import { existsSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { folderOf, sourceFiles } from "./source-files.ts";

/**
 * The folders of src/ in the order in which they stand on each other, which is the path of the data: a file imports from its
 * own folder and from earlier ones. `tasks` is above `nn` because a task has a loss, and below `models` and `data` because a
 * network is built for a task and data are drawn by its strata; `sets` is above `data` because a set speaks of images and
 * normalisation in the words of a data set.
 */
const order = [
  "support",
  "autodiff",
  "onnx",
  "blocked",
  "runtime",
  "codecs",
  "nn",
  "importer",
  "tasks",
  "models",
  "data",
  "sets",
  "hub",
  "export",
  "training",
  "recipe",
  "teachers",
  "distill",
  "students",
  "evaluation",
  "report",
  "pipeline",
  "distributed",
  "library",
  "cli",
];

const files = sourceFiles();
const known = new Set(files.map(({ path }) => path));
const isFile = (name: string): boolean => /\.(ts|js)$/.test(name) && !name.startsWith("@");
const internal = files.flatMap(({ path, imports }) => imports.filter(isFile).map((target) => ({ path, target })));

/** The first cycle found by walking along the edges, or undefined. */
const cycleIn = (edges: ReadonlyMap<string, ReadonlySet<string>>): string[] | undefined => {
  const finished = new Set<string>();
  const visit = (node: string, trail: readonly string[]): string[] | undefined => {
    if (trail.includes(node)) return [...trail.slice(trail.indexOf(node)), node];
    if (finished.has(node)) return undefined;
    for (const next of edges.get(node) ?? []) {
      const cycle = visit(next, [...trail, node]);
      if (cycle) return cycle;
    }
    finished.add(node);
    return undefined;
  };
  for (const node of edges.keys()) {
    const cycle = visit(node, []);
    if (cycle) return cycle;
  }
  return undefined;
};

const edgesBy = (name: (path: string) => string): Map<string, Set<string>> => {
  const edges = new Map<string, Set<string>>();
  for (const { path, target } of internal) {
    const [from, to] = [name(path), name(target)];
    if (from !== to) edges.set(from, (edges.get(from) ?? new Set()).add(to));
  }
  return edges;
};

/** The first line of a file, after that which names a program's interpreter. */
const headOf = (text: string): string => text.replace(/^#!.*\n/, "").split("\n", 1)[0]!;

/** True for a comment that names the thing, or begins with a verb. */
const isHead = (line: string): boolean =>
  line.length <= 128 && /^\/\/ (?!biome-|@ts-|(What|How|Whether|Where|Whose|Of)\b)\S.*\w.*$/.test(line);

describe("imports", () => {
  test("the scan sees the imports it is about", () => {
    expect(files.length).toBeGreaterThan(40);
    expect(internal).toContainEqual({ path: "autodiff/grad.ts", target: "autodiff/ops/leaves.ts" });
    expect(internal).toContainEqual({ path: "runtime/sessions.ts", target: "autodiff/types.ts" });
    expect(files.find(({ path }) => path === "runtime/worker.ts")?.imports).toContain("onnxruntime-node");
  });

  test("every folder has its place in the order", () => {
    expect([...new Set(files.map(({ path }) => folderOf(path)))].filter((folder) => !order.includes(folder))).toEqual(
      [],
    );
  });

  test("every folder says in a README what it is for", () => {
    const folders = [...new Set(files.map(({ path }) => folderOf(path)))];
    const missing = folders.filter((folder) => !existsSync(new URL(`../../src/${folder}/README.md`, import.meta.url)));
    expect(missing).toEqual([]);
  });

  test("every imported file exists", () => {
    expect(
      internal.filter(
        ({ path, target }) => !known.has(target) && !(path.startsWith("runtime/") && target.endsWith("worker.js")),
      ),
    ).toEqual([]);
  });

  test("point down the order, never up, types included", () => {
    const upward = internal.filter(
      ({ path, target }) => order.indexOf(folderOf(target)) > order.indexOf(folderOf(path)),
    );
    expect(upward.map(({ path, target }) => `${path} imports ${target}`)).toEqual([]);
  });

  test("form no cycle between folders", () => {
    expect(cycleIn(edgesBy(folderOf))).toBeUndefined();
    expect(
      cycleIn(
        new Map([
          ["a", new Set(["b"])],
          ["b", new Set(["c"])],
          ["c", new Set(["b"])],
        ]),
      ),
    ).toEqual(["b", "c", "b"]);
  });

  test("form no cycle between files, in whatever folder", () => {
    expect(cycleIn(edgesBy((path) => path))).toBeUndefined();
  });

  test("autodiff stands on nothing but support, and on no package", () => {
    const foreign = files
      .filter(({ path }) => folderOf(path) === "autodiff")
      .flatMap(({ path, imports }) =>
        imports
          .filter((name) => !isFile(name) || !["autodiff", "support"].includes(folderOf(name)))
          .map((name) => `${path} imports ${name}`),
      );
    expect(foreign).toEqual([]);
  });

  test("only src/runtime knows ONNX Runtime", () => {
    const importers = files.filter(({ imports }) => imports.some((name) => name.startsWith("onnxruntime")));
    expect(new Set(importers.map(({ path }) => folderOf(path)))).toEqual(new Set(["runtime"]));
  });
});

describe("files", () => {
  const own = files.filter(({ path }) => path !== "onnx/onnx_pb.ts");

  test("have no default export", () => {
    expect(
      own.filter(({ text }) => /^\s*export\s+(default\b|\{[^}]*\bas\s+default\b)/m.test(text)).map(({ path }) => path),
    ).toEqual([]);
  });

  test("begin with a line that says what they hold", () => {
    expect(files.filter(({ text }) => !isHead(headOf(text))).map(({ path }) => path)).toEqual([]);
    expect(headOf("#!/usr/bin/env node\n// The entry point.\n")).toBe("// The entry point.");
    const none = [
      "",
      'import "./a.ts";',
      "//",
      "// What a set is.",
      "/** Doubles x. */",
      "// biome-ignore lint: no",
      "//x",
    ];
    expect(none.filter(isHead)).toEqual([]);
  });

  test("are at most 305 lines long", () => {
    expect(
      own.map(({ path, text }) => ({ path, lines: text.split("\n").length - 1 })).filter(({ lines }) => lines > 305),
    ).toEqual([]);
  });

  test("lie at most 25 in a folder", () => {
    const counts = new Map<string, number>();
    for (const { path } of own) {
      const folder = path.slice(0, path.lastIndexOf("/"));
      counts.set(folder, (counts.get(folder) ?? 0) + 1);
    }
    expect([...counts].filter(([, count]) => count > 25)).toEqual([]);
  });

  test("have names in kebab case", () => {
    expect(
      own
        .filter(({ path }) => !/^([a-z0-9]+(-[a-z0-9]+)*\/)*[a-z0-9]+(-[a-z0-9]+)*\.ts$/.test(path))
        .map(({ path }) => path),
    ).toEqual([]);
  });
});
