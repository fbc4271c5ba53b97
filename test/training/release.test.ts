import { afterAll, beforeAll, expect, test } from "vitest";
import { random } from "../../src/distill/methods/random.ts";
import { type Device, openDevice } from "../../src/runtime/index.ts";
import { openEnsemble } from "../../src/teachers/ensemble.ts";
import { meanLogits } from "../../src/teachers/label.ts";
import { trainTeacher } from "../../src/teachers/train-teacher.ts";
import { prepared, stageOf } from "../distill/methods/workshop.ts";
import { temporaryFolder } from "../pipeline/tiny.ts";

let device: Device;
beforeAll(async () => {
  device = await openDevice("cpu", { threads: 1 });
});
afterAll(() => device.close());

/** The device, which opens `most` graphs at most, and the number of those that are open. */
const counted = (most = Number.POSITIVE_INFINITY) => {
  let [all, open] = [0, 0];
  const counting = async <Opened extends { release(): Promise<void> }>(opening: Promise<Opened>): Promise<Opened> => {
    const opened = await opening;
    open++;
    return { ...opened, release: () => opened.release().then(() => void open--) };
  };
  const fails = () => Promise.reject(new Error("no memory"));
  const own: Device = {
    ...device,
    compile: (traced) => (all++ < most ? counting(device.compile(traced)) : fails()),
    compileStep: (traced) => (all++ < most ? counting(device.compileStep(traced)) : fails()),
  };
  return { device: own, opened: () => all, open: () => open };
};

const stageFor = async (over: Parameters<typeof stageOf>[4] & { readonly device: Device }) =>
  stageOf(random, over.device, await prepared(), await temporaryFolder(), over);

test("a teacher's step is released where its training is stopped", async () => {
  const one = counted();
  const stage = await stageFor({ device: one.device, signal: AbortSignal.abort() });
  await expect(trainTeacher(stage, 0)).rejects.toMatchObject({ code: "INTERRUPTED" });
  expect([one.opened(), one.open()]).toEqual([1, 0]);
});

test("teachers, and the images that they label, are released where labelling is stopped", async () => {
  const one = counted();
  const stop = new AbortController();
  const stage = await stageFor({ device: one.device, signal: stop.signal });
  let released = 0;
  const size = 3 * 8 * 8;
  const labelling = meanLogits(stage, {
    name: "labels",
    title: "labels",
    length: 501,
    key: {},
    open: async () => ({
      length: 501,
      images: async (rows: Int32Array) => {
        stop.abort();
        return new Float32Array(rows.length * size);
      },
      release: async () => void released++,
    }),
  });
  await expect(labelling).rejects.toMatchObject({ code: "INTERRUPTED" });
  expect([one.opened(), one.open(), released]).toEqual([1, 0, 1]);
});

test("of several that are opened together none is left open where one cannot be", async () => {
  const one = counted(1);
  const { teachers } = await stageFor({ device });
  await expect(openEnsemble(one.device, teachers, 4)).rejects.toThrow("no memory");
  expect([one.opened(), one.open()]).toEqual([2, 0]);
});
