import { afterAll, beforeAll, expect, test } from "vitest";
import { type Tensor, tensor } from "../../src/autodiff/types.ts";
import { drawShift, drawView, type ViewKind } from "../../src/data/augment/view.ts";
import { classesTogether, openChunkedStep, planStep } from "../../src/distill/compensator-chunks.ts";
import { compensatorStateTypes, traceCompensatorStep } from "../../src/distill/compensator-step.ts";
import { buildModel } from "../../src/models/registry.ts";
import { adam, hyperTensors } from "../../src/nn/optimisers.ts";
import { type Device, openDevice } from "../../src/runtime/index.ts";
import { stream } from "../../src/support/random.ts";
import { classification } from "../../src/tasks/classification.ts";
import type { Frozen } from "../../src/training/train-step.ts";
import { formulaWeights, uniform } from "../goldens/formula.ts";

const [classes, side] = [7, 16];
const normalisation = { mean: [0.5, 0.45, 0.4], std: [0.25, 0.24, 0.26] } as const;
const optimiser = adam({ beta1: 0.5, beta2: 0.9 });

const teacherOf = (name: string): Frozen => {
  const model = buildModel(name, classification(classes, { height: side, width: side }));
  return { model, weights: formulaWeights(model, 1) };
};

let device: Device;
beforeAll(async () => {
  device = await openDevice("cpu", { threads: 1 });
});
afterAll(() => device.close());

const image = { height: side, width: side };
const drawOf = (views: ViewKind, step: number) => {
  const random = stream(1, "views", step);
  return views === "places" ? drawShift(random, image) : drawView(random, image, 0.3);
};

/** u, its first moment (after one step a multiple of the gradient) and the losses after some steps. */
const runSteps = async (
  teacher: Frozen,
  stepper: Awaited<ReturnType<typeof openChunkedStep>>,
  steps: number,
  views: ViewKind = "places",
): Promise<{ readonly first: Float32Array; readonly u: Float32Array; readonly losses: number[] }> => {
  const types = compensatorStateTypes(teacher, optimiser);
  const zeros = (): Tensor => tensor(new Float32Array(3 * side * side), types.u.shape);
  await stepper.write({
    u: uniform("u", types.u.shape, 0.3),
    slots: { first: zeros(), second: zeros() },
    base: uniform("base", types.base.shape, 1.5),
  });
  const losses: number[] = [];
  for (let step = 0; step < steps; step++) {
    const { crossEntropy, statistics } = await stepper.run({
      ...drawOf(views, step),
      hyper: hyperTensors(optimiser.hyper(step, 0.25)),
    });
    losses.push(Number(crossEntropy.data[0]), Number(statistics.data[0]));
  }
  const { u, slots } = await stepper.read();
  await stepper.release();
  return { first: slots.first!.data as Float32Array, u: u.data as Float32Array, losses };
};

const largest = (values: Float32Array): number => values.reduce((m, x) => Math.max(m, Math.abs(x)), 0);
const difference = (a: Float32Array, b: Float32Array): number => largest(a.map((x, i) => x - b[i]!)) / largest(b);

test.each([
  ["convnet8x2", 3, "places"],
  ["convnet8x2", 3, "mixes"],
  ["resnet18w8", 1, "places"],
  ["resnet18w8", 4, "places"],
] as const)(
  "%s: chunks of at most %i of 7 classes seen by %s give the gradient of one batch",
  async (name, together, views) => {
    const teacher = teacherOf(name);
    const whole = await device.compileStep(traceCompensatorStep(teacher, optimiser, normalisation, 0.7, views));
    const chunked = await openChunkedStep(device, { teacher, normalisation, views }, optimiser, 0.7, together);
    const [expected, actual] = [await runSteps(teacher, whole, 1, views), await runSteps(teacher, chunked, 1, views)];
    expect(difference(actual.first, expected.first)).toBeLessThan(2e-5);
    for (const [i, loss] of expected.losses.entries()) expect(actual.losses[i]! / loss).toBeCloseTo(1, 5);
  },
);

test("several steps stay together", async () => {
  const teacher = teacherOf("resnet18w8");
  const whole = await device.compileStep(traceCompensatorStep(teacher, optimiser, normalisation, 0.7));
  const chunked = await openChunkedStep(device, { teacher, normalisation, views: "places" }, optimiser, 0.7, 3);
  const [expected, actual] = [await runSteps(teacher, whole, 4), await runSteps(teacher, chunked, 4)];
  expect(difference(actual.u, expected.u)).toBeLessThan(1e-3);
});

test("a step that takes too much goes in chunks", async () => {
  const teacher = teacherOf("resnet18w8");
  const plan = planStep(teacher, optimiser, normalisation, 0.7, "places");
  const smaller = planStep(teacher, optimiser, normalisation, 0.7, "places", plan.bytes * 0.9);
  expect(smaller.bytes).toBeLessThan(plan.bytes);
  const [expected, actual] = [
    await runSteps(teacher, await plan.open(device), 1),
    await runSteps(teacher, await smaller.open(device), 1),
  ];
  expect(difference(actual.first, expected.first)).toBeLessThan(2e-5);
});

test("as many classes together as memory allows, and never none", () => {
  const teacher = teacherOf("resnet18w8");
  const scene = { teacher, normalisation, views: "places" } as const;
  expect(classesTogether(scene, Number.POSITIVE_INFINITY)).toBe(classes);
  expect(classesTogether(scene, 1)).toBe(1);
});
