import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";

const root = fileURLToPath(new URL("../../", import.meta.url));
const read = (file: string): string => readFileSync(join(root, file), "utf8");

// See docs/decisions/installing.md.
test("no npm runs onnxruntime-node's install script here, and none warns of an unknown setting", () => {
  const { packages } = JSON.parse(read("package-lock.json")) as { packages: Record<string, Record<string, unknown>> };
  const { allowScripts } = JSON.parse(read("package.json")) as { allowScripts: Record<string, boolean> };
  expect(packages["node_modules/onnxruntime-node"]).toMatchObject({ version: "1.30.0" });
  expect(packages["node_modules/onnxruntime-node"]).not.toHaveProperty("hasInstallScript");
  expect(allowScripts["onnxruntime-node"]).toBe(false);
  expect(existsSync(join(root, ".npmrc"))).toBe(false);
});

/** A folder in which the package and onnxruntime-node are installed, without binaries. */
const installation = (): { readonly own: string; readonly theirs: string } => {
  const folder = mkdtempSync(join(tmpdir(), "distillery-installing-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const [own, theirs] = ["distillery", "onnxruntime-node"].map((name) => join(folder, "node_modules", name));
  mkdirSync(own!, { recursive: true });
  cpSync(join(root, "scripts"), join(own!, "scripts"), { recursive: true });
  cpSync(join(root, "package.json"), join(own!, "package.json"));
  const there = join(root, "node_modules/onnxruntime-node");
  cpSync(there, theirs!, { recursive: true, filter: (file) => !file.startsWith(join(there, "bin")) });
  for (const system of ["darwin/arm64", "linux/arm64", "linux/x64", "win32/arm64", "win32/x64"]) {
    mkdirSync(join(theirs!, "bin/napi-v6", system), { recursive: true });
  }
  // The install script's own dependencies.
  for (const name of ["adm-zip", "global-agent"]) {
    symlinkSync(join(root, "node_modules", name), join(folder, "node_modules", name));
  }
  return { own: own!, theirs: theirs! };
};

/** Runs onnxruntime-node's install script where nothing can be fetched. */
const theirScript = (theirs: string): number | null =>
  spawnSync(process.execPath, [join(theirs, "script/install.js")], {
    cwd: theirs,
    env: { GLOBAL_AGENT_HTTPS_PROXY: "http://127.0.0.1:9", GLOBAL_AGENT_HTTP_PROXY: "http://127.0.0.1:9" },
    timeout: 20_000,
  }).status;

const needsCuda = process.platform === "linux" && process.arch === "x64";

test.runIf(needsCuda)("our script, which npm runs first, keeps theirs from fetching anything", () => {
  const { own, theirs } = installation();
  expect(theirScript(theirs)).not.toBe(0);
  execFileSync(process.execPath, [join(own, "scripts/skip-cuda.js")]);
  expect(theirScript(theirs)).toBe(0);
  const placeholder = join(theirs, "bin/napi-v6/linux/x64/libonnxruntime_providers_cuda.so");
  expect(readFileSync(placeholder, "utf8")).toContain("ONNXRUNTIME_NODE_INSTALL=true");
});

test("our script ends well where onnxruntime-node is not there", () => {
  const { own, theirs } = installation();
  rmSync(theirs, { recursive: true });
  expect(execFileSync(process.execPath, [join(own, "scripts/skip-cuda.js")], { encoding: "utf8" })).toBe("");
});

test("only this platform's binaries are kept by the script that makes an installation lighter", () => {
  const { own, theirs } = installation();
  const said = execFileSync(process.execPath, [join(own, "scripts/keep-this-platform.js")], { encoding: "utf8" });
  expect(said).toMatch(new RegExp(`^kept ${process.platform}/${process.arch}; \\d+ MB`));
  const left = ["darwin/arm64", "linux/arm64", "linux/x64", "win32/arm64", "win32/x64"].filter((system) =>
    existsSync(join(theirs, "bin/napi-v6", system)),
  );
  expect(left).toEqual([`${process.platform}/${process.arch}`]);
});

/** Files by their conditions, however deep. */
interface Target {
  readonly [condition: string]: Target | string;
}

test("every file that the package's exports name has its source", () => {
  const { exports } = JSON.parse(read("package.json")) as { exports: Target };
  const filesOf = (to: Target | string): string[] =>
    typeof to === "string" ? [to] : Object.values(to).flatMap(filesOf);
  const files = filesOf(exports).filter((file) => file.startsWith("./dist/"));
  expect(files).not.toEqual([]);
  const sources = files.map((file) => file.replace("./dist/", "src/").replace(/\.d\.ts$|\.js$/, ".ts"));
  expect(sources.filter((file) => !existsSync(join(root, file)))).toEqual([]);
});
