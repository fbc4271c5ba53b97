import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { add, float32, type Tensor, tensor, trace } from "../../src/autodiff/index.ts";
import { cropping, shifting } from "../../src/data/augment/augmentation.ts";
import { clipPixels } from "../../src/data/augment/clip.ts";
import { applyView, drawShift, drawView } from "../../src/data/augment/view.ts";
import type { Normalisation } from "../../src/data/dataset.ts";
import { normalise } from "../../src/data/normalisation.ts";
import { everyClassOnce, teacherObjective } from "../../src/distill/objectives/teacher.ts";
import { seenImages, traceStep } from "../../src/distill/optimise-step.ts";
import { buildModel } from "../../src/models/registry.ts";
import { adam, hyperTensors, zerosLike } from "../../src/nn/optimisers.ts";
import { type Device, openDevice } from "../../src/runtime/device.ts";
import { stream } from "../../src/support/random.ts";
import { classification } from "../../src/tasks/classification.ts";
import type { Frozen } from "../../src/training/train-step.ts";
import { floats } from "../autodiff/draw.ts";
import { formulaWeights, type Summary, summaryError, uniform } from "../goldens/formula.ts";
import { layoutWith } from "./methods/workshop.ts";

interface CompensatorCase {
  readonly architecture: string;
  readonly alpha: number;
  /** u starts uniform in +-spread. */
  readonly spread: number;
  readonly shifts: readonly (readonly [dy: number, dx: number])[];
  readonly rates: readonly number[];
  /** Part of the first step's pixels outside the valid range. */
  readonly clipped: number;
  readonly losses: readonly (readonly [crossEntropy: number, statistics: number])[];
  readonly change: Summary;
  readonly first: Summary;
  readonly second: Summary;
}

type StoredStatistics = Readonly<Record<string, readonly [means: readonly number[], variances: readonly number[]]>>;

const { normalisation, teachers, cases } = JSON.parse(
  readFileSync(new URL("../goldens/compensators.json", import.meta.url), "utf8"),
) as {
  readonly normalisation: Normalisation;
  readonly teachers: Readonly<Record<string, StoredStatistics>>;
  readonly cases: readonly CompensatorCase[];
};

/** Relative to the loss, and to the Euclidean norm of u's change and of its moments: see `summaryError`. */
const tolerance = 1e-4;
const [classes, side] = [10, 32];
const [beta1, beta2] = [0.5, 0.9];
const image = { height: side, width: side };
const layout = layoutWith({ classes: { length: classes }, image, normalisation }, 1, 1);

const teacherOf = (architecture: string): Frozen => {
  const model = buildModel(architecture, classification(classes, image));
  const statistics = Object.entries(teachers[architecture]!).flatMap(([layer, [means, variances]]) => [
    [`${layer}.running_mean`, tensor(Float32Array.from(means), [means.length])] as const,
    [`${layer}.running_var`, tensor(Float32Array.from(variances), [variances.length])] as const,
  ]);
  const { parameters } = formulaWeights(model, 4.5);
  return { model, weights: { parameters, statistics: Object.fromEntries(statistics) } };
};

/** 8-bit images, many of their pixels black or white: exactly on the bounds of the clip. */
const bases = (): Tensor => {
  const shape = [classes, 3, side, side];
  const pixels = Uint8ClampedArray.from(floats(uniform("pixels", shape, 160)), (v) => 127.5 + v);
  return tensor(normalise(new Uint8Array(pixels.buffer), normalisation, side, side), shape);
};

/** Where each row of torch.roll(x, by) comes from. */
const rolled = (by: number): Tensor =>
  tensor(
    BigInt64Array.from({ length: side }, (_, i) => BigInt((i - by + side) % side)),
    [side],
  );

const run = async (device: Device, one: CompensatorCase) => {
  const teacher = teacherOf(one.architecture);
  const optimiser = adam({ beta1, beta2, epsilon: 1e-8 });
  const parts = { layout, normalisation, augmentation: shifting(image), optimiser };
  const objective = teacherObjective(teacher, classes, { alpha: one.alpha });
  const traced = traceStep(parts, { learnt: { compensators: 1 }, fixed: { bases: classes } }, objective);
  const stepper = await device.compileStep(traced);
  const { learnt, slots: slotTypes } = traced.inputs.state;
  const start = uniform("u", learnt.compensators!.shape, one.spread);
  await stepper.write({ learnt: { compensators: start }, slots: zerosLike(slotTypes), fixed: { bases: bases() } });
  const losses: (readonly [number, number])[] = [];
  for (const [step, rate] of one.rates.entries()) {
    const [dy, dx] = one.shifts[step]!;
    const { crossEntropy, statistics } = await stepper.run({
      view: { rows: rolled(dy), columns: rolled(dx) },
      objective: { labels: { targets: everyClassOnce(classes) } },
      hyper: hyperTensors(optimiser.hyper(step, rate)),
    });
    losses.push([floats(crossEntropy!)[0]!, floats(statistics!)[0]!]);
  }
  const { learnt: made, slots, fixed } = await stepper.read();
  await stepper.release();
  expect(floats(fixed.bases!)).toEqual(floats(bases()));
  return {
    losses,
    change: Float64Array.from(floats(made.compensators!), (v, i) => v - floats(start)[i]!),
    // After one step from zero moments, m = (1 - b1) g: the first moment is the gradient.
    first: floats(slots.first!.compensators!).map((v) => v * (1 - beta1)),
    second: floats(slots.second!.compensators!).map((v) => v * (1 - beta2)),
  };
};

let device: Device;
beforeAll(async () => {
  device = await openDevice("cpu", { threads: 1 });
});
afterAll(() => device.close());

describe("the goldens", () => {
  test("hold single steps, runs of steps, alpha = 0 and many clipped pixels for both families", () => {
    for (const family of ["convnet", "resnet18"]) {
      const own = cases.filter((one) => one.architecture.startsWith(family));
      expect(own.some((one) => one.rates.length === 1)).toBe(true);
      expect(own.some((one) => one.rates.length > 2)).toBe(true);
      expect(own.some((one) => one.alpha === 0)).toBe(true);
      expect(own.some((one) => one.clipped > 0.3)).toBe(true);
    }
  });
});

const titled = cases.map((one) => {
  const { architecture, alpha, spread, rates } = one;
  return [`${architecture}, alpha ${alpha}, u from +-${spread}, ${rates.length} step(s)`, one] as const;
});

test.each(titled)("%s: agrees with PyTorch", async (_title, one) => {
  const { losses, ...results } = await run(device, one);
  expect(losses.length).toBe(one.losses.length);
  for (const [step, pair] of losses.entries()) {
    for (const [i, term] of ["cross-entropy", "statistics"].entries()) {
      const expected = one.losses[step]![i]!;
      expect(Math.abs(pair[i]! - expected) / expected, `${term} of step ${step}`).toBeLessThan(tolerance);
    }
  }
  for (const name of ["first", "second", "change"] as const) {
    expect(summaryError(name, results[name], one[name]), name).toBeLessThan(tolerance);
  }
});

test.each([
  ["shifts", shifting(image), drawShift(stream(1, "shift"), image)],
  ["crops", cropping(image), drawView(stream(1, "crop"), image, 0.1)],
] as const)(
  "a teacher is shown views, by %s, of the images that the set will give",
  async (_name, augmentation, view) => {
    const types = {
      bases: float32(classes, 3, side, side),
      compensators: float32(1, 3, side, side),
      view: { ...augmentation.types },
    };
    const compiled = await device.compile(
      trace(types, ({ bases: base, compensators, view: { rows, columns } }) => ({
        seen: seenImages({ layout, augmentation }, { bases: base, compensators }, { rows: rows!, columns: columns! }),
        given: applyView(clipPixels(add(base, compensators), normalisation), { rows: rows!, columns: columns! }),
      })),
    );
    const compensators = uniform("u", types.compensators.shape, 0.5);
    const { seen, given } = await compiled.run({ bases: bases(), compensators, view: { ...view } });
    expect(floats(seen)).toEqual(floats(given));
    await compiled.release();
  },
);
