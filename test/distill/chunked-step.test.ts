import { afterAll, beforeAll, expect, test } from "vitest";
import { cropping, shifting } from "../../src/data/augment/augmentation.ts";
import { drawShift, drawView } from "../../src/data/augment/view.ts";
import { classesTogether, openChunkedStep, planStep } from "../../src/distill/chunked-step.ts";
import { everyClassOnce, teacherObjective } from "../../src/distill/objectives/teacher.ts";
import { stepTypes, traceStep } from "../../src/distill/optimise-step.ts";
import { buildModel } from "../../src/models/registry.ts";
import { adam, hyperTensors, zerosLike } from "../../src/nn/optimisers.ts";
import { type Device, openDevice } from "../../src/runtime/index.ts";
import { stream } from "../../src/support/random.ts";
import { classification } from "../../src/tasks/classification.ts";
import type { Frozen } from "../../src/training/train-step.ts";
import { formulaWeights, uniform } from "../goldens/formula.ts";
import { layoutWith, workerOn } from "./methods/workshop.ts";

const [classes, side] = [7, 16];
const normalisation = { mean: [0.5, 0.45, 0.4], std: [0.25, 0.24, 0.26] } as const;
const optimiser = adam({ beta1: 0.5, beta2: 0.9 });
const image = { height: side, width: side };
const alpha = 0.7;

type Views = "shifts" | "crops";

const partsOf = (views: Views) => ({
  layout: layoutWith({ classes: { length: classes }, image, normalisation }, 1, 1),
  normalisation,
  augmentation: views === "shifts" ? shifting(image) : cropping(image),
  optimiser,
});

/** What a step learns, and what it is given. */
const counts = { learnt: { compensators: 1 }, fixed: { bases: classes } };

const teacherOf = (name: string): Frozen => {
  const model = buildModel(name, classification(classes, image));
  return { model, weights: formulaWeights(model, 1) };
};

let device: Device;
beforeAll(async () => {
  device = await openDevice("cpu", { threads: 1 });
});
afterAll(() => device.close());

const drawOf = (views: Views, step: number) => {
  const random = stream(1, "views", step);
  return { ...(views === "shifts" ? drawShift(random, image) : drawView(random, image, 0.3)) };
};

/** The step of all classes at once. */
const openWhole = (teacher: Frozen, views: Views = "shifts") =>
  device.compileStep(traceStep(partsOf(views), counts, teacherObjective(teacher, classes, { alpha })));

const openChunks = (teacher: Frozen, together: number, views: Views = "shifts") =>
  openChunkedStep(device, { ...partsOf(views), teacher }, alpha, together);

/** u, its first moment (after one step a multiple of the gradient) and the losses after some steps. */
const runSteps = async (
  stepper: Awaited<ReturnType<typeof openChunkedStep>>,
  steps: number,
  views: Views = "shifts",
): Promise<{ readonly first: Float32Array; readonly u: Float32Array; readonly losses: number[] }> => {
  const types = stepTypes(partsOf(views), counts);
  await stepper.write({
    learnt: { compensators: uniform("u", types.learnt.compensators!.shape, 0.3) },
    slots: zerosLike(types.slots),
    fixed: { bases: uniform("base", types.fixed.bases!.shape, 1.5) },
  });
  const losses: number[] = [];
  for (let step = 0; step < steps; step++) {
    const { crossEntropy, statistics } = await stepper.run({
      view: drawOf(views, step),
      objective: { labels: { targets: everyClassOnce(classes) } },
      hyper: hyperTensors(optimiser.hyper(step, 0.25)),
    });
    losses.push(Number(crossEntropy!.data[0]), Number(statistics!.data[0]));
  }
  const { learnt, slots } = await stepper.read();
  await stepper.release();
  return {
    first: slots.first!.compensators!.data as Float32Array,
    u: learnt.compensators!.data as Float32Array,
    losses,
  };
};

const largest = (values: Float32Array): number => values.reduce((m, x) => Math.max(m, Math.abs(x)), 0);
const difference = (a: Float32Array, b: Float32Array): number => largest(a.map((x, i) => x - b[i]!)) / largest(b);

test.each([
  ["convnet8x2", 3, "shifts"],
  ["convnet8x2", 3, "crops"],
  ["resnet18w8", 1, "shifts"],
  ["resnet18w8", 4, "shifts"],
] as const)(
  "%s: chunks of at most %i of 7 classes seen by %s give the gradient of one batch",
  async (name, together, views) => {
    const teacher = teacherOf(name);
    const expected = await runSteps(await openWhole(teacher, views), 1, views);
    const actual = await runSteps(await openChunks(teacher, together, views), 1, views);
    expect(difference(actual.first, expected.first)).toBeLessThan(2e-5);
    for (const [i, loss] of expected.losses.entries()) expect(actual.losses[i]! / loss).toBeCloseTo(1, 5);
  },
);

test("several steps stay together", async () => {
  const teacher = teacherOf("resnet18w8");
  const expected = await runSteps(await openWhole(teacher), 4);
  const actual = await runSteps(await openChunks(teacher, 3), 4);
  expect(difference(actual.u, expected.u)).toBeLessThan(1e-3);
});

test("a step that takes too much goes in chunks", async () => {
  const teacher = teacherOf("resnet18w8");
  const objective = teacherObjective(teacher, classes, { alpha });
  const plan = planStep(partsOf("shifts"), teacher, objective, alpha);
  const smaller = planStep(partsOf("shifts"), teacher, objective, alpha, plan.bytes * 0.9);
  expect(smaller.bytes).toBeLessThan(plan.bytes);
  const expected = await runSteps(await plan.open(workerOn(device)), 1);
  const actual = await runSteps(await smaller.open(workerOn(device)), 1);
  expect(difference(actual.first, expected.first)).toBeLessThan(2e-5);
});

test("as many classes together as memory allows, and never none", () => {
  const scene = { ...partsOf("shifts"), teacher: teacherOf("resnet18w8") };
  expect(classesTogether(scene, Number.POSITIVE_INFINITY)).toBe(classes);
  expect(classesTogether(scene, 1)).toBe(1);
});
