// Checks the package as its users get it: packed, looked at by publint and arethetypeswrong, installed in an empty folder,
// used.
//
//   npm run check:package          (a minute or two; it asks npm's registry for what is not in npm's cache)
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../", import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), "distillery-package-"));

const run = (cwd: string, command: string, ...args: readonly string[]): string => {
  console.log(`$ ${command} ${args.join(" ")}`);
  return execFileSync(command, args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
};

/** Three lines of the README. */
const program = `
import { openSet, trainStudent } from "distillery";
const set = await openSet("node_modules/distillery/sets/demo-ipc10");
const student = await trainStudent(set, { student: "convnet32", labels: "hard", epochs: 20 });
console.log(student.architecture, student.history.series.loss.at(-1));
await student.close();
await set.close();
`;

/** Links of the README to files that the package lacks. */
const brokenLinks = (files: ReadonlySet<string>): string[] => {
  const links = [...readFileSync(join(root, "README.md"), "utf8").matchAll(/\]\(([^)#]+)[^)]*\)/g)].map(
    ([, to]) => to!,
  );
  const held = (link: string): boolean => [...files].some((file) => file === link || file.startsWith(`${link}/`));
  return links.filter((link) => !/^https?:/.test(link) && !held(link));
};

try {
  const [packed] = JSON.parse(
    run(root, "npm", "pack", "--json", "--ignore-scripts", "--pack-destination", scratch),
  ) as [{ filename: string; size: number; unpackedSize: number; files: { path: string }[] }];
  const { filename, size, unpackedSize, files } = packed;
  console.log(
    `${filename}: ${files.length} files, ${Math.round(size / 1e3)} KB packed, ${Math.round(unpackedSize / 1e3)} KB`,
  );
  const broken = brokenLinks(new Set(files.map(({ path }) => path)));
  if (broken.length > 0) throw new Error(`the README links to files that the package lacks: ${broken.join(", ")}`);
  const tarball = join(scratch, filename);
  console.log(run(root, "npx", "publint", "--strict", tarball));
  console.log(run(root, "npx", "attw", tarball, "--profile", "esm-only", "--format", "ascii"));
  writeFileSync(join(scratch, "package.json"), '{ "name": "user", "private": true, "type": "module" }\n');
  const started = Date.now();
  const seconds = (): string => `${Math.round((Date.now() - started) / 1000)} s after the start`;
  run(scratch, "npm", "install", "--prefer-offline", "--no-audit", "--no-fund", tarball);
  console.log(`installed, ${seconds()}`);
  writeFileSync(join(scratch, "train.js"), program);
  console.log(run(scratch, process.execPath, "train.js").trim(), `trained, ${seconds()}`);
  console.log(run(scratch, process.execPath, "node_modules/distillery/scripts/keep-this-platform.js").trim());
  console.log(run(scratch, "npx", "distillery", "inspect", "node_modules/distillery/sets/demo-ipc10"));
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
