import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { sizeOf, type Tensor, tensor } from "../../src/autodiff/types.ts";
import { buildModel } from "../../src/models/registry.ts";
import { adam, adamw, hyperTensors, type Optimiser, sgd } from "../../src/nn/optimisers.ts";
import { type Device, openDevice } from "../../src/runtime/device.ts";
import { argmaxRows, classification, oneHot } from "../../src/tasks/classification.ts";
import { traceTrainStep } from "../../src/training/train-step.ts";
import { dot, floats, largest } from "../autodiff/draw.ts";
import { formulaWeights, type Summary, summaryError, uniform, worst } from "../goldens/formula.ts";

interface GoldenOptimiser {
  readonly kind: "adamw" | "adam" | "sgd";
  readonly weightDecay?: number;
  readonly momentum?: number;
  readonly nesterov?: boolean;
}

interface TrainCase {
  readonly architecture: string;
  readonly optimiser: GoldenOptimiser;
  readonly objective: "soft" | "hard";
  readonly batch: number;
  /** Steps done before; the moments of a run under way are made from `scales`. */
  readonly warm: number;
  readonly rates: readonly number[];
  readonly scales: Readonly<Record<string, number>>;
  readonly losses: readonly number[];
  /** New minus old value of every parameter and running statistic. */
  readonly changes: Readonly<Record<string, Summary>>;
  readonly slots: Readonly<Record<string, Summary>>;
}

const { cases } = JSON.parse(readFileSync(new URL("../goldens/train-steps.json", import.meta.url), "utf8")) as {
  readonly cases: readonly TrainCase[];
};

/** Relative to the loss, and to the Euclidean norm of each tensor's change and moments: see `summaryError`. */
const tolerance = 1e-3;
const [beta1, beta2] = [0.9, 0.999];
const task = classification(10, { height: 32, width: 32 });

const optimiserOf = ({ kind, weightDecay = 0, momentum = 0, nesterov = false }: GoldenOptimiser): Optimiser =>
  kind === "sgd"
    ? sgd({ momentum, weightDecay, nesterov })
    : kind === "adam"
      ? adam({ beta1, beta2 })
      : adamw({ beta1, beta2, weightDecay });

/** Our slots hold m / (1 - b1) and v / (1 - b2). */
const slotUnit: Readonly<Record<string, number>> = { velocity: 1, first: 1 / (1 - beta1), second: 1 / (1 - beta2) };

const startSlot = (one: TrainCase, slot: string, name: string, shape: readonly number[]): Tensor => {
  if (one.warm === 0) return tensor(new Float32Array(sizeOf(shape)), shape);
  const s = one.scales[name]!;
  const moment =
    slot === "first" ? uniform(`${name}/first`, shape, s) : uniform(`${name}/second`, shape, (s * s) / 2, s * s);
  return tensor(
    floats(moment).map((v) => v * slotUnit[slot]!),
    shape,
  );
};

const run = async (device: Device, one: TrainCase) => {
  const model = buildModel(one.architecture, task);
  const optimiser = optimiserOf(one.optimiser);
  const objective =
    one.objective === "soft" ? ({ kind: "soft", temperature: 30 } as const) : ({ kind: "hard" } as const);
  const stepper = await device.compileStep(traceTrainStep(model, optimiser, objective, one.batch));
  const start = formulaWeights(model, 4.5);
  const slots = Object.fromEntries(
    optimiser.slots.map((slot) => [
      slot,
      Object.fromEntries(
        Object.entries(model.parameters).map(([name, { shape }]) => [name, startSlot(one, slot, name, shape)]),
      ),
    ]),
  );
  await stepper.write({ ...start, slots });
  const losses: number[] = [];
  for (const [step, rate] of one.rates.entries()) {
    const logits = uniform(`targets/${step}`, [one.batch, task.classes], 20);
    const targets =
      one.objective === "soft"
        ? logits
        : tensor(oneHot(argmaxRows(floats(logits), task.classes), task.classes), logits.shape);
    const { loss } = await stepper.run({
      images: uniform(`images/${step}`, [one.batch, 3, 32, 32], 2),
      targets: { targets },
      hyper: hyperTensors(optimiser.hyper(one.warm + step, rate)),
    });
    losses.push(floats(loss)[0]!);
  }
  const end = await stepper.read();
  await stepper.release();
  return { start, end, losses };
};

let device: Device;
beforeAll(async () => {
  device = await openDevice("cpu", { threads: 1 });
});
afterAll(() => device.close());

const difference = (a: Tensor, b: Tensor): Float64Array => {
  const [x, y] = [floats(a), floats(b)];
  const out = new Float64Array(x.length);
  for (let i = 0; i < out.length; i++) out[i] = x[i]! - y[i]!;
  return out;
};

/** A convolution's bias before a BatchNorm has no gradient: what is computed for it is rounding, and Adam makes it a step. */
const withoutGradient = (one: TrainCase, name: string): boolean => one.warm === 0 && name.endsWith("conv.bias");

const normOf = (x: Float32Array): number => Math.sqrt(dot(x, x));

/** What float32 may round away, relative to the change: half a unit in the last place of the parameter at each step. */
const rounding = (one: TrainCase, parameter: Tensor, [norm]: Summary): number =>
  (one.rates.length * 2 ** -24 * normOf(floats(parameter))) / norm;

const titled = cases.map((one) => {
  const { architecture, objective, optimiser, warm, rates } = one;
  return [
    `${architecture}, ${objective} labels, ${JSON.stringify(optimiser)}, steps ${warm} + ${rates.length}`,
    one,
  ] as const;
});

test.each(titled)("%s: agrees with PyTorch", async (_title, one) => {
  const { start, end, losses } = await run(device, one);
  expect(losses.length).toBe(one.losses.length);
  for (const [i, loss] of losses.entries()) {
    expect(Math.abs(loss - one.losses[i]!) / one.losses[i]!, `loss of step ${i}`).toBeLessThan(tolerance);
  }
  const before: Readonly<Record<string, Tensor>> = { ...start.parameters, ...start.statistics };
  const after: Readonly<Record<string, Tensor>> = { ...end.parameters, ...end.statistics };
  expect(Object.keys(after).sort()).toEqual(Object.keys(one.changes).sort());
  const change = (name: string): Float64Array => difference(after[name]!, before[name]!);
  const changes = Object.entries(one.changes).filter(([name]) => !withoutGradient(one, name));
  const changeErrors = changes.map(([name, expected]) => {
    const excess = summaryError(name, change(name), expected) - rounding(one, after[name]!, expected);
    return [name, excess] as const;
  });
  expect(
    worst(Object.fromEntries(changeErrors)).error,
    `change of ${worst(Object.fromEntries(changeErrors)).name}`,
  ).toBeLessThan(tolerance);
  const slots = Object.entries(one.slots).filter(([path]) => !withoutGradient(one, path));
  const slotErrors = slots.map(([path, expected]) => {
    const [slot, name] = path.split("/") as [string, string];
    const moment = floats(end.slots[slot]![name]!).map((v) => v / slotUnit[slot]!);
    return [path, summaryError(path, moment, expected)] as const;
  });
  expect(slotErrors.length).toBeGreaterThan(0);
  expect(worst(Object.fromEntries(slotErrors)).error, worst(Object.fromEntries(slotErrors)).name).toBeLessThan(
    tolerance,
  );
  // A bias without gradient moves by no more than Adam's full step, and hardly at all under SGD.
  const rates = one.rates.reduce((sum, rate) => sum + rate, 0);
  for (const name of Object.keys(one.changes).filter((n) => withoutGradient(one, n))) {
    const limit = one.optimiser.kind === "sgd" ? 1e-2 * largest(change(name.replace("bias", "weight"))) : 1.01 * rates;
    expect(largest(change(name)), name).toBeLessThan(limit);
  }
});
