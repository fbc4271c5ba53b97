import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Tensor, tensor } from "../../src/autodiff/types.ts";
import { freshWeights, type Weights } from "../../src/models/model.ts";
import { buildModel } from "../../src/models/registry.ts";
import { slowHyper } from "../../src/nn/lookahead.ts";
import { hyperTensors, sgd } from "../../src/nn/optimisers.ts";
import { type Device, openDevice } from "../../src/runtime/device.ts";
import { stream } from "../../src/support/random.ts";
import { classification, oneHot } from "../../src/tasks/classification.ts";
import { startTraining, type TrainOptions, type TrainTensors, traceTrainStep } from "../../src/training/train-step.ts";
import { floats, relativeError, uniform } from "../autodiff/draw.ts";

const [classes, side, batch] = [4, 16, 6];
const model = buildModel("speednet4", classification(classes, { height: side, width: side }));
const optimiser = sgd({ momentum: 0.85, weightDecay: 0.01, nesterov: true });

let device: Device;
beforeAll(async () => {
  device = await openDevice("cpu", { threads: 1 });
});
afterAll(() => device.close());

const imagesAt = (step: number): Tensor => uniform(stream(1, "images", step), [batch, 3, side, side], -2, 2);
const start = (): Weights => freshWeights(model, stream(1, "weights"));

/** The states before the first step and after each of `steps`. */
const train = async (steps: number, options: TrainOptions = {}): Promise<TrainTensors[]> => {
  const stepper = await device.compileStep(traceTrainStep(model, optimiser, { kind: "hard" }, batch, options));
  const states = [startTraining(model, optimiser, start(), options)];
  await stepper.write(states[0]!);
  for (let step = 0; step < steps; step++) {
    await stepper.run({
      images: imagesAt(step),
      targets: { targets: tensor(oneHot([0, 1, 2, 3, 0, 1], classes), [batch, classes]) },
      hyper: hyperTensors({ ...optimiser.hyper(step, 0.02), ...(options.lookahead && slowHyper(step, steps)) }),
    });
    states.push(await stepper.read());
  }
  await stepper.release();
  return states;
};

const changeOf = (after: TrainTensors, before: TrainTensors, name: string): number[] => {
  const old = floats(before.parameters[name]!);
  return [...floats(after.parameters[name]!)].map((v, i) => v - old[i]!);
};

describe("training a network with frozen parameters", () => {
  test("leaves them as they start, moves all others, and keeps slots for these only", async () => {
    const [before, after] = (await train(1)) as [TrainTensors, TrainTensors];
    for (const name of Object.keys(model.parameters)) {
      const moved = changeOf(after, before, name).some((d) => d !== 0);
      expect(moved, name).toBe(!model.frozen!.includes(name));
      expect(name in after.slots.velocity!, name).toBe(moved);
    }
    expect(Object.keys(after.parameters)).toEqual(Object.keys(model.parameters));
  });

  test("the running statistics take 0.4 of a batch's own", async () => {
    const [one, two] = await Promise.all([train(1), train(2)]);
    expect(one[1]).toEqual(two[1]);
    // From 0 and 1 on: running = 0.6 before + 0.4 fresh. The first block's input does not depend on any statistics.
    const mean = floats(one[1]!.statistics["blocks.0.norm1.running_mean"]!);
    const again = floats(two[2]!.statistics["blocks.0.norm1.running_mean"]!);
    expect(model.statisticsMomentum).toBe(0.4);
    expect(mean.some((v) => Math.abs(v) > 1e-3)).toBe(true);
    // The same network on similar batches: 0.4 m after one, 0.64 m after two.
    const ratio = again.reduce((sum, v, i) => sum + v * mean[i]!, 0) / mean.reduce((sum, v) => sum + v * v, 0);
    expect(ratio).toBeGreaterThan(1.3);
    expect(ratio).toBeLessThan(1.9);
  });
});

describe("biasRate", () => {
  test("multiplies the first step of batch norm's shifts and of nothing else", async () => {
    const [before, usual] = (await train(1)) as [TrainTensors, TrainTensors];
    const [, fast] = (await train(1, { biasRate: 64 })) as [TrainTensors, TrainTensors];
    for (const name of Object.keys(model.parameters)) {
      const shift = name.includes("norm") && name.endsWith(".bias");
      const expected = changeOf(usual, before, name).map((d) => d * (shift ? 64 : 1));
      expect(relativeError(changeOf(fast, before, name), expected), name).toBeLessThan(1e-4);
    }
  });
});

describe("lookahead", () => {
  test("does nothing for four steps; then weights and statistics are the slow ones, by formula", async () => {
    const steps = 6;
    const [plain, ahead] = await Promise.all([train(5), train(steps, { lookahead: true })]);
    for (let step = 0; step <= 4; step++) {
      expect(ahead[step]!.parameters).toEqual(plain[step]!.parameters);
      expect(ahead[step]!.statistics).toEqual(plain[step]!.statistics);
    }
    const keep = 0.95 ** 5 * (5 / steps) ** 3;
    const [zero, five] = [start(), plain[5]!];
    for (const kind of ["parameters", "statistics"] as const) {
      for (const [name, value] of Object.entries(ahead[5]![kind])) {
        const [s, p] = [floats(zero[kind][name]!), floats(five[kind][name]!)];
        const expected = Float32Array.from(p, (v, i) => keep * s[i]! + (1 - keep) * v);
        expect(relativeError(floats(value), expected), name).toBeLessThan(1e-6);
      }
    }
    // The sixth step is the last and no fifth one: it ends on the slow weights of the fifth.
    for (const [name, value] of Object.entries(ahead[6]!.parameters)) {
      expect(relativeError(floats(value), floats(ahead[5]!.parameters[name]!)), name).toBeLessThan(1e-6);
    }
  });
});
