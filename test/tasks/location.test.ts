import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { float32, mean, mul, sub, tensor, type Value } from "../../src/autodiff/index.ts";
import { type Split, splitOf } from "../../src/data/dataset.ts";
import { normalise } from "../../src/data/normalisation.ts";
import { byStratum } from "../../src/data/split.ts";
import { freshWeights } from "../../src/models/model.ts";
import { buildModel } from "../../src/models/registry.ts";
import { adamw, hyperTensors } from "../../src/nn/optimisers.ts";
import { type Device, openDevice } from "../../src/runtime/device.ts";
import { stream } from "../../src/support/random.ts";
import { silent } from "../../src/support/work/progress.ts";
import { mixTensors } from "../../src/tasks/mixup.ts";
import type { Score, Task } from "../../src/tasks/task.ts";
import { batchIndices, cropLabelled } from "../../src/training/batches.ts";
import { runLoop } from "../../src/training/loop.ts";
import { measure, withClassifier } from "../../src/training/predict.ts";
import {
  type Frozen,
  type Objective,
  startTraining,
  traceTrainStep,
  trainStateTypes,
} from "../../src/training/train-step.ts";

/** Pixels from the upper and the left edge. */
interface Point {
  readonly y: number;
  readonly x: number;
}

const side = 16;

const meanSquare = (a: Value, b: Value): Value => mean(mul(sub(a, b), sub(a, b)));

/** Mean distance in pixels; outputs are (y, x) in sides of the image. */
const distance = (sum = 0, seen = 0): Score<Point> => ({
  value: sum / seen,
  add: (outputs, labels) => {
    const off = (i: number, { y, x }: Point) => Math.hypot(side * outputs[2 * i]! - y, side * outputs[2 * i + 1]! - x);
    return distance(
      sum + Array.from(labels, (label, i) => off(i, label)).reduce((a, b) => a + b, 0),
      seen + labels.length,
    );
  },
});

/** Where the bright spot of an image is: a regression, whose labels move with their images. */
const location: Task<Point> = {
  name: "location",
  classes: 1,
  image: { height: side, width: side },
  outputs: 2,
  targetTypes: (n) => ({ points: float32(n, 2) }),
  targets: (labels) => ({
    points: tensor(Float32Array.from(Array.from(labels).flatMap(({ y, x }) => [y / side, x / side])), [
      labels.length,
      2,
    ]),
  }),
  lossWords: { hard: "mean square", soft: () => "mean square" },
  loss: { hard: (outputs, { points }) => meanSquare(outputs, points!), soft: meanSquare },
  mix: mixTensors,
  warp: ({ y, x }, warp) => ({ y: warp.y.scale * y + warp.y.shift, x: warp.x.scale * x + warp.x.shift }),
  metric: { name: "distance", unit: "px", start: distance() },
  strata: { count: 1, of: () => [0] },
};

const normalisation = { mean: [0.3, 0.3, 0.3], std: [0.2, 0.2, 0.2] } as const;

/** Dim noise with one bright spot of 3 x 3 pixels. */
const spots = (length: number, name: string): Split<readonly Point[]> => {
  const random = stream(1, name);
  const labels = Array.from({ length }, () => ({ y: 4.5 + random.int(8), x: 4.5 + random.int(8) }));
  const pixels = Uint8Array.from({ length: length * 3 * side * side }, (_, at) => {
    const [column, row] = [at % side, Math.floor(at / side) % side];
    const { y, x } = labels[Math.floor(at / (3 * side * side))]!;
    return random.int(80) + (Math.abs(column + 0.5 - x) < 2 && Math.abs(row + 0.5 - y) < 2 ? 150 : 0);
  });
  return { length, labels, read: splitOf(pixels, new Int32Array(length)).read };
};

let device: Device;
beforeAll(async () => {
  device = await openDevice("cpu", { threads: 1 });
});
afterAll(() => device.close());

const [train, held] = [spots(256, "train"), spots(64, "held")];
const [steps, batch] = [150, 32];
const optimiser = adamw();

const teach = async (task: Task<Point>, objective: Objective): Promise<Frozen> => {
  const model = buildModel("convnet16x2", task);
  const order = batchIndices(train.length, batch, 1, "spots");
  const stepper = await device.compileStep(traceTrainStep(model, optimiser, objective, batch));
  const labelled = {
    images: async (indices: Int32Array) => normalise(await train.read(indices), normalisation, side, side),
    labels: train.labels,
    crop: "shift" as const,
    pad: 3,
  };
  const { state } = await runLoop(
    {
      title: task.name,
      stepper,
      types: trainStateTypes(model, optimiser),
      steps,
      start: () => startTraining(model, optimiser, freshWeights(model, stream(1, "weights"))),
      feeds: async (step) => {
        const { images, labels } = await cropLabelled(task, labelled, order(step), stream(1, "step", step));
        return {
          images: tensor(images, [batch, 3, side, side]),
          targets: objective.kind === "hard" ? task.targets(labels) : {},
          hyper: hyperTensors(optimiser.hyper(step, 0.01 * (1 - step / steps))),
        };
      },
      advice: "",
    },
    { progress: silent },
  );
  await stepper.release();
  return { model, weights: { parameters: state.parameters, statistics: state.statistics } };
};

const distanceOf = (network: Frozen): Promise<number> =>
  withClassifier(device, network, (classifier) =>
    measure(classifier, held, { task: location, dataset: { normalisation } }, "held", { progress: silent }),
  );

describe("a task of another kind", () => {
  test("trains, teaches and is measured by the same code; its labels must move with their images", async () => {
    const teacher = await teach(location, { kind: "hard" });
    const student = await teach(location, { kind: "dynamic", temperature: 1, teachers: [teacher] });
    const confused = await teach({ ...location, warp: (label) => label }, { kind: "hard" });
    // Those who always point to the middle are off by 3.2 pixels.
    expect(await distanceOf(teacher)).toBeLessThan(1);
    expect(await distanceOf(student)).toBeLessThan(1.3);
    expect(await distanceOf(confused)).toBeGreaterThan(1.5);
  });

  test("has one stratum where there is nothing to balance", () => {
    expect(byStratum(held, location)).toEqual([Array.from({ length: held.length }, (_, i) => i)]);
  });
});
