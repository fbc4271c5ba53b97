import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Tensor, tensor } from "../../../src/autodiff/index.ts";
import { adjustWeights, traceAdjustment } from "../../../src/distill/methods/adjust-weights.ts";
import { imageSource, type Prepared } from "../../../src/recipe/prepare.ts";
import { type Device, openDevice } from "../../../src/runtime/index.ts";
import { oneHot } from "../../../src/tasks/classification.ts";
import { dot, floats } from "../../autodiff/draw.ts";
import { prepared, teacherOf, workerOn } from "./workshop.ts";

let device: Device;
let data: Prepared;
beforeAll(async () => {
  device = await openDevice("cpu", { threads: 1 });
  data = await prepared();
});
afterAll(() => device.close());

describe("adjusted weights", () => {
  const lengthOf = (a: Record<string, Tensor>, b: Record<string, Tensor>): number =>
    Math.sqrt(
      Object.keys(a).reduce((sum, name) => {
        const apart = floats(a[name]!).map((v, i) => v - floats(b[name]!)[i]!);
        return sum + dot(apart, apart);
      }, 0),
    );

  test("climbs: each step is as long as said, and raises the cross-entropy", async () => {
    const teacher = teacherOf("convnet6x2", data);
    const images = await imageSource(data).images(Int32Array.of(0, 1, 2));
    const stepper = await device.compileStep(traceAdjustment(teacher, 0.1, 3));
    const start = teacher.weights.parameters as Record<string, Tensor>;
    await stepper.write({ parameters: start });
    const losses: number[] = [];
    for (let step = 0; step < 3; step++) {
      const { crossEntropy } = await stepper.run({
        images: tensor(images.slice(), [3, 3, 8, 8]),
        targets: tensor(oneHot([0, 1, 2], 3), [3, 3]),
      });
      losses.push(floats(crossEntropy)[0]!);
      if (step === 0) expect(lengthOf((await stepper.read()).parameters, start)).toBeCloseTo(0.1, 4);
    }
    await stepper.release();
    expect(losses[1]).toBeGreaterThan(losses[0]!);
    expect(losses[2]).toBeGreaterThan(losses[1]!);

    const adjusted = await adjustWeights(workerOn(device), teacher, images, Int32Array.of(0, 1, 2), {
      rho: 0.3,
      steps: 3,
    });
    const length = lengthOf(adjusted.weights.parameters as Record<string, Tensor>, start);
    expect(length).toBeLessThanOrEqual(0.3 + 1e-6);
    expect(length).toBeGreaterThan(0.2);
    expect(adjusted.weights.statistics).toEqual(teacher.weights.statistics);
  });
});
