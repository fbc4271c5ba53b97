import { execFile } from "node:child_process";
import { expect, test } from "vitest";

/** How a process of its own ends that opens a device and compiles `compiled`, a long function of `given`. */
const outcome = (end: string): Promise<{ code: unknown; signal: unknown; stdout: string; stderr: string }> => {
  const script = `
    import { openDevice } from ${JSON.stringify(new URL("../../src/runtime/index.ts", import.meta.url).href)};
    import { heavy, matrix } from ${JSON.stringify(new URL("./tensors.ts", import.meta.url).href)};
    const device = await openDevice("cpu", { threads: 1 });
    const compiled = await device.compile(heavy(512, 20));
    const given = { a: matrix(512) };
    const settled = (run) => run.then(() => "finished", () => "failed");
    ${end}
    console.log("end");`;
  const options = { cwd: new URL("../..", import.meta.url), timeout: 20_000 };
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      ["--import", "tsx", "--input-type=module", "--eval", script],
      options,
      (error, stdout, stderr) => {
        resolve({ code: error?.code ?? 0, signal: error?.signal ?? null, stdout, stderr });
      },
    );
  });
};

const clean = { code: 0, signal: null, stdout: "end\n", stderr: "" };

test("a closed device ends the process cleanly", async () => {
  expect(await outcome("await compiled.run(given); await compiled.release(); await device.close();")).toEqual(clean);
});

test("an open device keeps the process alive for a pending run and no longer", async () => {
  expect(await outcome("void compiled.run(given).then(() => console.log('finished'));")).toEqual({
    ...clean,
    stdout: "end\nfinished\n",
  });
});

// Fails: terminating the thread inside a run aborts the whole process (Napi::Error, SIGABRT).
test("closing during a run settles the run and does not end the process", async () => {
  const end = `
    const running = settled(compiled.run(given));
    await new Promise((resolve) => setTimeout(resolve, 20));
    await device.close();
    await running;`;
  expect(await outcome(end)).toEqual(clean);
});

// Fails: the thread is gone and its exit goes unheard, so the request is never answered.
test("a request after close fails instead of hanging", async () => {
  expect(await outcome(`await device.close(); console.log(await settled(compiled.run(given)));`)).toEqual({
    ...clean,
    stdout: "failed\nend\n",
  });
});
