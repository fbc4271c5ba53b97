import { cp, mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { filesIn } from "../pipeline/tiny.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const watchedSource = "test/e2e/watched-cli.ts";

const compile = async (path: string, into: string): Promise<void> => {
  const { outputText } = ts.transpileModule(await readFile(join(root, path), "utf8"), {
    fileName: path,
    compilerOptions: {
      module: ts.ModuleKind.ESNext,
      target: ts.ScriptTarget.ES2023,
      verbatimModuleSyntax: true,
      rewriteRelativeImportExtensions: true,
    },
  });
  const file = join(into, path.replace(/\.ts$/, ".js"));
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, outputText);
};

/** Programs of JavaScript, which start in a third of the time that tsx takes and write no cache. */
export interface Programs {
  /** The command line. */
  readonly main: string;
  /** The same with checkpoints at every turn. */
  readonly watched: string;
}

export const programsIn = (folder: string): Programs => ({
  main: join(folder, "src/cli/main.js"),
  watched: join(folder, watchedSource.replace(/\.ts$/, ".js")),
});

/** Compiles the sources of this checkout into a folder, types unchecked. */
export const buildPrograms = async (folder: string): Promise<void> => {
  const sources = (await filesIn(join(root, "src"))).filter((path) => path.endsWith(".ts"));
  for (const path of [...sources.map((path) => join("src", path)), watchedSource]) await compile(path, folder);
  for (const name of ["package.json", "recipes"]) await cp(join(root, name), join(folder, name), { recursive: true });
  await symlink(join(root, "node_modules"), join(folder, "node_modules"));
};
