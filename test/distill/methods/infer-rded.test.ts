import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { infer } from "../../../src/distill/methods/infer.ts";
import { inferRded } from "../../../src/distill/methods/infer-rded.ts";
import { cropBases, rded } from "../../../src/distill/select/rded.ts";
import { type Device, openDevice } from "../../../src/runtime/index.ts";
import { temporaryFolder, timesIn } from "../../pipeline/tiny.ts";
import { make, prepared, stageOf, teacherOf } from "./workshop.ts";

let device: Device;
beforeAll(async () => {
  device = await openDevice("cpu", { threads: 1 });
});
afterAll(() => device.close());

/** K = floor(5 3 / (3 + 2)) = 3 base sets for two teachers. */
const recipe = { ipc: 5 };

test("puts INFER's compensators on RDED's images", async () => {
  const folder = await temporaryFolder();
  const data = await prepared();
  const stage = stageOf(inferRded, device, data, join(folder, "crops"), { recipe });
  const { bases, compensators } = await make(inferRded, stage);
  const crops = await make(rded, stageOf(rded, device, data, join(folder, "rded"), { recipe: { ipc: 3 } }));
  expect(bases).toEqual(crops.bases);
  const { read } = await cropBases(stage);
  for (const k of [0, 1, 2]) expect(await read(k)).toEqual(bases.subarray(k * 3 * 192, (k + 1) * 3 * 192));
  // The first step goes down the same teachers' loss of other images.
  const plain = await make(infer, stageOf(infer, device, data, join(folder, "plain"), { recipe }));
  expect(compensators).toHaveLength(plain.compensators!.length);
  expect(compensators).not.toEqual(plain.compensators);

  const times = await timesIn(stage.folder);
  expect((await make(inferRded, stage)).compensators).toEqual(compensators);
  expect(await timesIn(stage.folder)).toEqual(times);
});

test("does not take compensators of a folder for its own, where that was of INFER or of fewer stitched images", async () => {
  const data = await prepared({ classes: 2, side: 66, images: 16 });
  const teachers = [teacherOf("convnet4x1", data)];
  const folder = await temporaryFolder();
  const at = (ipc: number, place: string) =>
    stageOf(inferRded, device, data, place, { recipe: { ipc, iterations: 1 }, teachers });
  await make(infer, stageOf(infer, device, data, folder, { recipe: { ipc: 2, iterations: 1 }, teachers }));
  await make(inferRded, at(2, folder));
  const more = await make(inferRded, at(3, folder));
  expect(more).toEqual(await make(inferRded, at(3, await temporaryFolder())));
});
