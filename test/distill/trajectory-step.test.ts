import { afterAll, beforeAll, expect, test } from "vitest";
import { float32, type Tensor, tensor } from "../../src/autodiff/index.ts";
import { drawSiamese, siamese } from "../../src/data/augment/siamese.ts";
import { lent } from "../../src/distill/lent.ts";
import { stepTypes } from "../../src/distill/optimise-step.ts";
import {
  openTrajectoryStep,
  planTrajectory,
  type Trajectory,
  trajectoryFeeds,
} from "../../src/distill/trajectory-step.ts";
import { parameterCount } from "../../src/models/model.ts";
import { buildModel } from "../../src/models/registry.ts";
import { hyperTensors, sgd, zerosLike } from "../../src/nn/optimisers.ts";
import { type Device, openDevice } from "../../src/runtime/index.ts";
import { stream } from "../../src/support/random.ts";
import { classification } from "../../src/tasks/classification.ts";
import { startTraining, traceTrainStep } from "../../src/training/train-step.ts";
import { dot, floats } from "../autodiff/draw.ts";
import { uniform } from "../goldens/formula.ts";
import { layoutWith } from "./methods/workshop.ts";
import { smoothWeights } from "./objectives/differences.ts";

let device: Device;
beforeAll(async () => {
  device = await openDevice("cpu", { threads: 1 });
});
afterAll(() => device.close());

const [classes, side] = [3, 8];
const image = { height: side, width: side };
const task = classification(classes, image);
const normalisation = { mean: [0.5, 0.45, 0.4], std: [0.25, 0.24, 0.26] } as const;
const optimiser = sgd({ momentum: 0.5 });

const sceneOf = (over: Partial<Trajectory> = {}): Trajectory => ({
  layout: layoutWith({ classes: { length: classes }, image, normalisation }, 2, 0),
  normalisation,
  augmentation: siamese(image),
  optimiser,
  beside: { stepSize: float32() },
  model: buildModel("convnet6x2", task),
  bases: 6,
  steps: 3,
  batch: 4,
  crossEntropy: 0,
  ...over,
});

/** Weights with which the distance is smooth, and others near by. */
const start = (scene: Trajectory) => smoothWeights(scene.model).parameters;
const end = (scene: Trajectory) =>
  Object.fromEntries(
    Object.entries(start(scene)).map(([name, { data, shape }]) => {
      const apart = floats(uniform(`${name} end`, shape, 0.05));
      return [
        name,
        tensor(
          (data as Float32Array).map((v, i) => v + apart[i]!),
          shape,
        ),
      ];
    }),
  );

const itemsOf = (i: number, batch: number): number[] => Array.from({ length: batch }, (_, at) => (5 * i + at) % 6);

const batchOf = ({ batch, augmentation }: Trajectory, i: number) => {
  const items = itemsOf(i, batch);
  return {
    items: tensor(BigInt64Array.from(items, BigInt), [batch]),
    ...task.targets(items.map((item) => item % classes)),
    ...("colour" in augmentation.types && drawSiamese(stream(4, "view", i), image)),
  };
};

const bases = (): Tensor => uniform("bases", [6, 3, side, side], 0.5);

/** Measures and gradients of a step that moves nothing. */
const opened = async (scene: Trajectory) => {
  const stepper = await openTrajectoryStep(device, scene);
  const { slots } = stepTypes(scene, { learnt: { bases: 6 } });
  return {
    release: () => stepper.release(),
    run: async (images: Tensor, logRate: number) => {
      const learnt = { bases: images, stepSize: tensor(Float32Array.of(logRate), []) };
      await stepper.write({ learnt, slots: zerosLike(slots), fixed: {} });
      const batches = Array.from({ length: scene.steps }, (_, i) => batchOf(scene, i));
      const told = await stepper.run({
        view: {},
        objective: trajectoryFeeds(start(scene), end(scene), batches),
        hyper: hyperTensors(optimiser.hyper(0, 0)),
      });
      const { velocity } = (await stepper.read()).slots;
      const number = (name: string): number => floats(told[name]!)[0]!;
      return {
        loss: number("distance") + scene.crossEntropy * number("crossEntropy"),
        distance: number("distance"),
        crossEntropy: number("crossEntropy"),
        stepSize: number("stepSize"),
        gradient: { bases: floats(velocity!.bases!), stepSize: floats(velocity!.stepSize!)[0]! },
      };
    },
  };
};

const logRate = Math.log(0.2);

test.each(
  ["convnet6x2", "convnet6x2in"].flatMap((name) =>
    [1, 2, 3].flatMap((steps) => [0, 0.3].map((weight) => [name, steps, weight] as const)),
  ),
)(
  "in %s the gradient of %i steps agrees with differences, the cross-entropy weighing %f",
  async (name, steps, weight) => {
    const scene = sceneOf({ model: buildModel(name, task), steps, crossEntropy: weight });
    const { run, release } = await opened(scene);
    const { gradient } = await run(bases(), logRate);
    const length = Math.sqrt(dot(gradient.bases, gradient.bases));
    const width = 0.05;
    const at = (by: number): Promise<{ loss: number }> =>
      run(
        tensor(
          floats(bases()).map((v, i) => v + (by * gradient.bases[i]!) / length),
          bases().shape,
        ),
        logRate,
      );
    const slope = ((await at(width)).loss - (await at(-width)).loss) / (2 * width);
    expect(slope / length).toBeCloseTo(1, 1.7);
    const [up, down] = [await run(bases(), logRate + width), await run(bases(), logRate - width)];
    expect((up.loss - down.loss) / (2 * width) / gradient.stepSize).toBeCloseTo(1, 1.7);
    await release();
  },
);

test("the distance is that of weights which training by SGD comes to", async () => {
  const scene = sceneOf({ augmentation: { types: {}, moves: false, apply: (images) => images } });
  const { run, release } = await opened(scene);
  const { distance, crossEntropy, stepSize } = await run(bases(), logRate);
  await release();

  const plain = sgd({ momentum: 0 });
  const { model, batch, steps } = scene;
  const training = await device.compileStep(traceTrainStep(model, plain, { kind: "hard" }, batch));
  await training.write(startTraining(model, plain, smoothWeights(model)));
  let told = 0;
  for (let i = 0; i < steps; i++) {
    const { items: _, ...targets } = batchOf(scene, i);
    const size = 3 * side * side;
    const images = Float32Array.from(
      itemsOf(i, batch).flatMap((item) => [...floats(bases()).subarray(item * size, (item + 1) * size)]),
    );
    const { loss } = await training.run({
      images: tensor(images, [batch, 3, side, side]),
      targets,
      hyper: hyperTensors(plain.hyper(i, 0.2)),
    });
    told += floats(loss)[0]! / steps;
  }
  const { parameters: reached } = await training.read();
  await training.release();
  const squares = (of: typeof reached): number => {
    let sum = 0;
    for (const [name, goal] of Object.entries(end(scene)))
      for (const [i, v] of floats(goal).entries()) sum += (v - floats(of[name]!)[i]!) ** 2;
    return sum;
  };
  expect(distance / (squares(reached) / squares(start(scene)))).toBeCloseTo(1, 4);
  expect(crossEntropy).toBeCloseTo(told, 4);
  expect(stepSize).toBeCloseTo(0.2, 5);
});

test("a step more takes the memory of its weights", () => {
  const bytes = (steps: number): number => planTrajectory(sceneOf({ steps })).bytes;
  expect(bytes(20) - bytes(5)).toBe(15 * 4 * parameterCount(sceneOf().model));
});

test("it leaves what it is fed, and moves images and step size down the distance", async () => {
  const scene = sceneOf();
  const stepper = await openTrajectoryStep(device, scene);
  const { slots } = stepTypes(scene, { learnt: { bases: 6 } });
  const learnt = { bases: bases(), stepSize: tensor(Float32Array.of(logRate), []) };
  await stepper.write({ learnt: lent(learnt), slots: zerosLike(slots), fixed: {} });
  const feeds = { start: start(scene), end: end(scene) };
  const before = lent(feeds);
  const distances: number[] = [];
  for (let step = 0; step < 8; step++) {
    const batches = Array.from({ length: scene.steps }, (_, i) => batchOf(scene, i));
    const objective = trajectoryFeeds(feeds.start, feeds.end, batches);
    const { distance } = await stepper.run({ view: {}, objective, hyper: hyperTensors(optimiser.hyper(step, 0.02)) });
    distances.push(floats(distance!)[0]!);
  }
  expect(feeds).toEqual(before);
  expect(distances.at(-1)).toBeLessThan(distances[0]!);
  const { learnt: after } = await stepper.read();
  expect(after.stepSize).not.toEqual(learnt.stepSize);
  expect(after.bases).not.toEqual(learnt.bases);
  await stepper.release();
});
