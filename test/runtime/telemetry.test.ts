import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import { switchOffTelemetry } from "../../src/runtime/telemetry.ts";

test("the variable is set in the main thread, and asked for in a worker thread", () => {
  const env: NodeJS.ProcessEnv = { ORT_DISABLE_TELEMETRY: "0" };
  expect(() => switchOffTelemetry(env, false)).toThrow(
    expect.objectContaining({ code: "DEVICE", message: expect.stringContaining("set ORT_DISABLE_TELEMETRY=1") }),
  );
  switchOffTelemetry(env, true);
  expect(env).toEqual({ ORT_DISABLE_TELEMETRY: "1" });
  switchOffTelemetry(env, false);
});

const openAndRun = `
  import { openDevice } from ${JSON.stringify(new URL("../../src/runtime/index.ts", import.meta.url).href)};
  const device = await openDevice("cpu", { threads: 1 });
  await device.close();
`;

/** Runs a module in a process of its own whose home and temporary folder are new; returns what lies in them afterwards. */
const leftBy = async (code: string, variables: Readonly<Record<string, string>> = {}): Promise<string[]> => {
  const folder = await mkdtemp(join(tmpdir(), "distillery-telemetry-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const [home, temporary] = [join(folder, "home"), join(folder, "temporary")];
  await mkdir(home);
  await mkdir(temporary);
  // Each of the first three would switch it off by itself; tsx would keep what it compiled.
  const { CI: _, GITHUB_ACTIONS: __, ORT_DISABLE_TELEMETRY: ___, ...env } = process.env;
  const places = { HOME: home, XDG_CACHE_HOME: join(home, ".cache"), TMPDIR: temporary, TSX_DISABLE_CACHE: "1" };
  await promisify(execFile)(
    process.execPath,
    ["--import", import.meta.resolve("tsx"), "--input-type=module", "-e", code],
    { env: { ...env, ...places, ...variables } },
  );
  return readdir(folder, { recursive: true }).then((names) => names.sort());
};

test("a process that computes leaves nothing in the home or the temporary folder", async () => {
  expect(await leftBy(openAndRun)).toEqual(["home", "temporary"]);
});

test("ONNX Runtime by itself does, so that the test above can fail", async () => {
  const url = JSON.stringify(import.meta.resolve("onnxruntime-node"));
  const alone = `import { InferenceSession } from ${url}; await InferenceSession.create(new Uint8Array()).catch(() => 0);`;
  expect((await leftBy(alone)).some((name) => /deviceid|onnxruntime|mat-debug/.test(name))).toBe(true);
});
