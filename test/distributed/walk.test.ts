import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { tensor } from "../../src/autodiff/index.ts";
import { openStore } from "../../src/distributed/artefacts/open-store.ts";
import { openWalk } from "../../src/distributed/walk.ts";
import { openDevice } from "../../src/runtime/index.ts";
import { silent } from "../../src/support/work/progress.ts";
import { type JobKind, type KeptAround, type KeptJob, runKept, tensorStore } from "../../src/training/kept.ts";
import { temporaryFolder } from "../pipeline/tiny.ts";

it("a job whose maker could not be opened is made by the next try of the same process", async () => {
  const folder = await temporaryFolder();
  let opened = 0;
  const kind: JobKind<KeptAround> = {
    kind: "number",
    store: tensorStore,
    open: async () => {
      if (++opened === 1) throw new Error("not yet");
      return async () => ({ tensors: { number: tensor(Float32Array.of(7), [1]) }, metadata: {} });
    },
  };
  const job: KeptJob = { kind: "number", name: "0", spec: null, key: "key", cost: 1 };
  const device = await openDevice("cpu", { threads: 1 });
  onTestFinished(() => device.close());
  const store = await openStore(join(folder, "store"));
  const walk = openWalk({ store, threads: 1, begin: async () => undefined });
  const around = { folder: join(folder, "out"), device, progress: silent, executor: walk.executor };
  const command = runKept("numbers", kind, [job], () => 1, around);
  const { signal } = new AbortController();
  const make = () => walk.make({ is: ({ name }) => name === "0" }, { progress: silent, signal }, () => undefined);
  await expect(make()).rejects.toThrow("not yet");
  expect(await make()).toBe(true);
  expect(await command).toHaveLength(1);
});
