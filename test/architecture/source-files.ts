import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, posix, relative } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../src/", import.meta.url));

export interface SourceFile {
  /** Relative to src/, with forward slashes. */
  readonly path: string;
  readonly text: string;
  /** What it imports or re-exports, types included: files relative to src/, packages by name. */
  readonly imports: readonly string[];
}

/** `from "x"`, `import "x"`, `import("x")` and `new URL("./x.ts", import.meta.url)`, which starts worker threads. */
const specifiers = /(?:\bfrom\s*|\bimport\s*\(?\s*|\bnew URL\(\s*)["'`]([^"'`$]+)["'`]/g;

const read = (path: string): SourceFile => {
  const text = readFileSync(join(root, path), "utf8");
  const code = text.replaceAll(/\/\*[\s\S]*?\*\//g, "").replaceAll(/^\s*\/\/.*$/gm, "");
  const imports = [...code.matchAll(specifiers)].map(([, name]) => {
    const specifier = name!;
    return specifier.startsWith(".") ? posix.normalize(posix.join(posix.dirname(path), specifier)) : specifier;
  });
  return { path, text, imports: [...new Set(imports)] };
};

/** Every TypeScript file under src/. */
export const sourceFiles = (): SourceFile[] =>
  readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
    .map((entry) => relative(root, join(entry.parentPath ?? dirname(root), entry.name)).replaceAll("\\", "/"))
    .sort()
    .map(read);

/** The folder of src/ a file lies in; "" for files directly under src/. */
export const folderOf = (path: string): string => (path.includes("/") ? path.slice(0, path.indexOf("/")) : "");
