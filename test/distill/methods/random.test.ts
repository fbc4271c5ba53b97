import { expect, test } from "vitest";
import { random } from "../../../src/distill/methods/random.ts";
import { drawImages } from "../../../src/distill/select/draw.ts";
import { openDevice } from "../../../src/runtime/index.ts";
import { temporaryFolder } from "../../pipeline/tiny.ts";
import { make, prepared, stageOf } from "./workshop.ts";

test("random images are those that INFER's bases begin", async () => {
  const data = await prepared();
  const device = await openDevice("cpu", { threads: 1 });
  const stage = stageOf(random, device, data, await temporaryFolder());
  const { bases: pixels } = await make(random, stage);
  expect(pixels).toEqual(await data.train.read(drawImages(data, 2, stage.recipe)));
  await device.close();
});
