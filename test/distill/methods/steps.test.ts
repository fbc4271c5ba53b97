import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Tensor, tensor } from "../../../src/autodiff/index.ts";
import { drawColour } from "../../../src/data/augment/colour.ts";
import { drawPaddedCrop, drawView } from "../../../src/data/augment/view.ts";
import { traceMatchStep } from "../../../src/distill/methods/dm-step.ts";
import { traceImageStep } from "../../../src/distill/methods/image-step.ts";
import { nudge, traceNudge } from "../../../src/distill/methods/nudge.ts";
import { takingTurns } from "../../../src/distill/methods/turns.ts";
import { collectStatistics, convolutionGaps } from "../../../src/distill/objectives/convolutions.ts";
import { type Judge, judgeClasses } from "../../../src/distill/objectives/judge.ts";
import { freshWeights } from "../../../src/models/model.ts";
import { buildModel } from "../../../src/models/registry.ts";
import { adam, hyperTensors, sgd } from "../../../src/nn/optimisers.ts";
import { type Prepared, readable } from "../../../src/recipe/prepare.ts";
import { type Device, openDevice } from "../../../src/runtime/index.ts";
import { stream } from "../../../src/support/random.ts";
import { oneHot } from "../../../src/tasks/classification.ts";
import type { Lane } from "../../../src/training/jobs.ts";
import { dot, floats, moved, uniform } from "../../autodiff/draw.ts";
import { temporaryFolder } from "../../pipeline/tiny.ts";
import { prepared, stageOf, teacherOf } from "./workshop.ts";

let device: Device;
let data: Prepared;
beforeAll(async () => {
  device = await openDevice("cpu", { threads: 1 });
  data = await prepared();
});
afterAll(() => device.close());

/** Central differences in float32 over so much, of networks that are nearly smooth. */
const tolerance = 0.01;
const width = 0.02;

const shape = [3, 3, 8, 8];
/** Images of classes 0, 1 and 2. */
const targets = (): Tensor => tensor(oneHot([0, 1, 2], 3), [3, 3]);
const unit = (x: Float32Array): Float32Array => x.map((v) => v / Math.sqrt(dot(x, x)));

/** The gradient against differences of the loss, half along itself; from where no pixel is near black or white. */
const expectGradient = async (
  loss: (images: Tensor) => Promise<{ loss: number; gradient: Float32Array }>,
): Promise<void> => {
  const images = uniform(stream(6, "images"), shape, -0.5, 0.5);
  const { gradient } = await loss(images);
  const other = unit(floats(uniform(stream(6, "direction"), shape)));
  const direction = tensor(
    unit(gradient).map((v, i) => v + other[i]!),
    shape,
  );
  const [up, down] = [await loss(moved(images, direction, width)), await loss(moved(images, direction, -width))];
  const slope = (up.loss - down.loss) / (2 * width);
  const expected = dot(gradient, floats(direction));
  expect(Math.abs(slope - expected) / expected, `${slope} against ${expected}`).toBeLessThan(tolerance);
};

const judgeLoss = async (judge: Judge, alpha: number, view = drawView(stream(6, "view"), data.task.image, 0.3)) => {
  const optimiser = adam({ beta1: 0.5, beta2: 0.9 });
  const stepper = await device.compileStep(
    traceImageStep(data.task, optimiser, data.dataset.normalisation, judge, alpha),
  );
  const zero = (): Tensor => tensor(new Float32Array(576), shape);
  return {
    release: () => stepper.release(),
    loss: async (images: Tensor) => {
      await stepper.write({ images, slots: { first: zero(), second: zero() } });
      const copy = ({ data: values, shape: s }: Tensor): Tensor => tensor(values.slice() as Float32Array, s);
      const { crossEntropy, statistics } = await stepper.run({
        rows: copy(view.rows),
        columns: copy(view.columns),
        targets: targets(),
        hyper: hyperTensors(optimiser.hyper(0, 0)),
      });
      // After one step from zero moments the first moment, kept as m / (1 - b1), is the gradient.
      const gradient = floats((await stepper.read()).slots.first!);
      return { loss: floats(crossEntropy)[0]! + alpha * floats(statistics)[0]!, gradient };
    },
  };
};

describe("the gradient of an image step, through a crop, agrees with differences", () => {
  test.each([
    ["convnet6x2", 0],
    ["convnet6x2", 0.1],
    ["resnet18w4", 0.01],
  ])("%s, alpha %d", async (architecture, alpha) => {
    const teacher = teacherOf(architecture, data, 4.5);
    const { loss, release } = await judgeLoss(
      (images, is) => judgeClasses(teacher, images, is, { variance: 11 }),
      alpha,
    );
    await expectGradient(loss);
    await release();
  });

  test("statistics of convolutions too", async () => {
    const teacher = teacherOf("convnet6x2", data, 4.5);
    const [known] = await collectStatistics(stageOf(device, data, await temporaryFolder()), [teacher]);
    const before = (logits: Parameters<typeof convolutionGaps>[0]) => convolutionGaps(logits, known!);
    const { loss, release } = await judgeLoss((images, is) => judgeClasses(teacher, images, is, { before }), 0.1);
    await expectGradient(loss);
    await release();
  });
});

test("what enters convolutions is measured over all training images", async () => {
  const stage = stageOf(device, data, await temporaryFolder());
  const [known] = await collectStatistics(stage, stage.teachers.slice(0, 1));
  const all = await readable(data).images(Int32Array.from({ length: data.train.length }, (_, i) => i));
  for (let channel = 0; channel < 3; channel++) {
    const values = [...all].filter((_, i) => Math.floor(i / 64) % 3 === channel);
    const mean = values.reduce((a, b) => a + b, 0) / values.length;
    const variance = values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length;
    expect(floats(known!["0.mean"]!)[channel]).toBeCloseTo(mean, 4);
    expect(floats(known!["0.variance"]!)[channel]).toBeCloseTo(variance, 4);
  }
  // The second convolution of convnet6x2 sees 6 channels; the real data themselves are at no distance.
  expect(known!["1.mean"]!.shape).toEqual([6]);
  expect(Object.keys(known!)).toHaveLength(4);
});

test("the gradient of distribution matching agrees with differences", async () => {
  const model = buildModel("convnet8x1in", { ...data.task, classes: 1 });
  const optimiser = sgd({ momentum: 0.5 });
  const real = 70;
  const stepper = await device.compileStep(traceMatchStep(model, optimiser, data.dataset.normalisation, 3, real));
  const network = freshWeights(model, stream(6, "network")).parameters;
  const known = uniform(stream(6, "real"), [real, 3, 8, 8], -0.2, 1);
  const copy = ({ data: values, shape: s }: Tensor): Tensor => tensor(values.slice() as Float32Array, s);
  await expectGradient(async (images) => {
    await stepper.write({ images, slots: { velocity: tensor(new Float32Array(576), shape) } });
    const { distance } = await stepper.run({
      network: Object.fromEntries(Object.entries(network).map(([name, t]) => [name, copy(t)])),
      real: copy(known),
      ...drawPaddedCrop(stream(6, "view"), data.task.image),
      colour: drawColour(stream(6, "colour")),
      hyper: hyperTensors(optimiser.hyper(0, 0)),
    });
    return { loss: floats(distance)[0]!, gradient: floats((await stepper.read()).slots.velocity!) };
  });
  await stepper.release();
});

describe("a nudge", () => {
  const lane = (): Lane => ({
    device,
    held: (_name, open) => open(),
    stepper: (_name, traced) => device.compileStep(traced()),
  });
  const lengthOf = (a: Record<string, Tensor>, b: Record<string, Tensor>): number =>
    Math.sqrt(
      Object.keys(a).reduce((sum, name) => {
        const apart = floats(a[name]!).map((v, i) => v - floats(b[name]!)[i]!);
        return sum + dot(apart, apart);
      }, 0),
    );

  test("climbs: each step is as long as said, and raises the cross-entropy", async () => {
    const teacher = teacherOf("convnet6x2", data);
    const images = await readable(data).images(Int32Array.of(0, 1, 2));
    const stepper = await device.compileStep(traceNudge(teacher, 0.1, 3));
    const start = teacher.weights.parameters as Record<string, Tensor>;
    await stepper.write({ parameters: start });
    const losses: number[] = [];
    for (let step = 0; step < 3; step++) {
      const { crossEntropy } = await stepper.run({ images: tensor(images.slice(), shape), targets: targets() });
      losses.push(floats(crossEntropy)[0]!);
      if (step === 0) expect(lengthOf((await stepper.read()).parameters, start)).toBeCloseTo(0.1, 4);
    }
    await stepper.release();
    expect(losses[1]).toBeGreaterThan(losses[0]!);
    expect(losses[2]).toBeGreaterThan(losses[1]!);

    const nudged = await nudge(lane(), teacher, images, Int32Array.of(0, 1, 2), { rho: 0.3, steps: 3 });
    const length = lengthOf(nudged.weights.parameters as Record<string, Tensor>, start);
    expect(length).toBeLessThanOrEqual(0.3 + 1e-6);
    expect(length).toBeGreaterThan(0.2);
    expect(nudged.weights.statistics).toEqual(teacher.weights.statistics);
  });
});

test("steppers that take turns hand the state on", async () => {
  const log: string[] = [];
  const stepperOf = (name: string) => {
    let x = "";
    return {
      write: async (state: { x: string }) => {
        x = state.x;
      },
      read: async () => ({ x }),
      run: async (feeds: object) => {
        x += name;
        log.push(...Object.keys(feeds));
        return {};
      },
      release: async () => void log.push(`released ${name}`),
    };
  };
  const turns = takingTurns([stepperOf("a"), stepperOf("b")] as never[]) as unknown as ReturnType<typeof stepperOf>;
  await turns.write({ x: ">" });
  for (const turn of [1, 1, 0, 1]) {
    await turns.run({ turn: tensor(BigInt64Array.of(BigInt(turn)), []), hyper: {} });
  }
  expect(await turns.read()).toEqual({ x: ">bbab" });
  await turns.release();
  expect(log).toEqual(["hyper", "hyper", "hyper", "hyper", "released a", "released b"]);
});
