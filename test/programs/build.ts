// The sources and the tests' own programs as JavaScript, which starts in a third of the time that tsx takes.
import { cp, mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { transform } from "esbuild";
import { filesIn } from "../pipeline/tiny.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Modules that a file imports or starts, as they are written: `from "./a.ts"`, `import("./a.ts")`, `new URL("./a.ts"`. */
const modules = /(\bfrom "|\bimport "|\bimport\("|\bnew URL\(")(\.{1,2}\/[^"]+)\.ts"/g;

const compile = async (path: string, into: string): Promise<void> => {
  const { code } = await transform(await readFile(join(root, path), "utf8"), {
    loader: "ts",
    target: "node20",
    sourcefile: path,
  });
  const file = join(into, path.replace(/\.ts$/, ".js"));
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, code.replace(modules, '$1$2.js"'));
};

/** Programs by their use; paths are those of the sources. */
export const programFiles = {
  /** The command line. */
  main: "src/cli/main.ts",
  /** The same with checkpoints at every turn. */
  watched: "test/e2e/watched-cli.ts",
  /** Some that only contend for a thing. */
  contender: "test/support/lock-contender.ts",
  putter: "test/distributed/put-contender.ts",
  /** A worker of a queue whose jobs do nothing. */
  worker: "test/distributed/queue/fake-worker.ts",
  /** The process in which such a worker does its jobs. */
  child: "test/distributed/queue/fake-child.ts",
} as const;

export type Programs = Readonly<Record<keyof typeof programFiles, string>>;

/** The programs in a folder that `buildPrograms` has filled. */
export const programsIn = (folder: string): Programs =>
  Object.fromEntries(
    Object.entries(programFiles).map(([use, path]) => [use, join(folder, path.replace(/\.ts$/, ".js"))]),
  ) as Record<keyof typeof programFiles, string>;

/** Compiles this checkout into a folder, types unchecked. */
export const buildPrograms = async (folder: string): Promise<void> => {
  const sources = await Promise.all(
    ["src", "test"].map(async (part) => (await filesIn(join(root, part))).map((path) => join(part, path))),
  );
  await Promise.all(
    sources
      .flat()
      .filter((path) => path.endsWith(".ts"))
      .map((path) => compile(path, folder)),
  );
  for (const name of ["package.json", "recipes"]) await cp(join(root, name), join(folder, name), { recursive: true });
  await symlink(join(root, "node_modules"), join(folder, "node_modules"));
};
