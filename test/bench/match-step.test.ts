import { afterAll, beforeAll, expect, test } from "vitest";
import { buildStep } from "../../bench/our-step.ts";
import { sizeOf, type Tensor, tensor } from "../../src/autodiff/index.ts";
import { drawSiamese } from "../../src/data/augment/siamese.ts";
import { type Device, openDevice } from "../../src/runtime/index.ts";
import { type Random, stream } from "../../src/support/random.ts";
import { floats } from "../autodiff/draw.ts";
import { formulaWeights, uniform } from "../goldens/formula.ts";
import golden from "../goldens/match-steps.json" with { type: "json" };

let device: Device;
beforeAll(async () => {
  device = await openDevice("cpu", { threads: 1 });
});
afterAll(() => device.close());

const { classes, each, seen, losses } = golden;

/** Draws change number `step` of DSA's, and .7 of whatever else there is to draw: make-match-steps.py's. */
const fixed = (step: number): Random => {
  const drawn = [step];
  return { ...stream(0), float: () => 0.7, int: (n) => drawn.shift() ?? Math.floor(0.7 * n) };
};

/** What class c has of values by formula that PyTorch has for all classes. */
const own = (c: number, name: string, shape: readonly number[], scale: number, shift = 0): Tensor => {
  const size = sizeOf(shape);
  const all = floats(uniform(name, [classes * size], scale, shift));
  return tensor(all.slice(c * size, (c + 1) * size), shape);
};

/** Losses of the steps of our class c, under one change after the other. */
const lossesOf = async (c: number, real: number): Promise<number[]> => {
  const { model, traced, state, feeds } = buildStep({
    work: "match-step",
    model: "convnet32",
    batch: each,
    classes,
    real,
  });
  const stepper = await device.compileStep(traced);
  await stepper.write({ ...state, learnt: { bases: own(c, "images", [each, 3, 16, 16], 1.9) } });
  const distances: number[] = [];
  for (let i = 0; i < losses.real.length; i++) {
    const { parameters, statistics } = formulaWeights(model, 4.5);
    const wanted =
      real > 0
        ? { real: { images: own(c, "real", [real, 3, 32, 32], 2) } }
        : { known: { means: own(c, "means", [1, 512], 0.1, 6.8) } };
    const view = drawSiamese(fixed(i), model.task.image);
    const { distance } = await stepper.run({
      ...feeds(i),
      view,
      objective: { parameters, statistics, ...wanted },
    });
    distances.push(floats(distance as Tensor)[0]!);
  }
  await stepper.release();
  return distances;
};

test.each([
  ["real images seen", losses.real, seen],
  ["real means known", losses.means, 0],
])("the matching step that is timed has PyTorch's losses: %s", async (_, expected, real) => {
  const ours = [await lossesOf(0, real), await lossesOf(1, real)];
  for (const [i, loss] of expected.entries())
    expect(Math.abs((ours[0]![i]! + ours[1]![i]!) / loss - 1)).toBeLessThan(1e-4);
});
