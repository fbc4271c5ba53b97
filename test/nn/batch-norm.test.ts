import { afterAll, beforeAll, expect, test } from "vitest";
import { trace } from "../../src/autodiff/trace.ts";
import { float32, type Tensor, tensor } from "../../src/autodiff/types.ts";
import { inferenceNorm, statisticsNorm, statisticsTypes, trainingNorm } from "../../src/nn/batch-norm.ts";
import { type Device, openDevice } from "../../src/runtime/device.ts";
import { stream } from "../../src/support/random.ts";
import { floats, relativeError, uniform } from "../autodiff/draw.ts";

let device: Device;
beforeAll(async () => {
  device = await openDevice("cpu", { threads: 1 });
});
afterAll(() => device.close());

const [n, channels, height, width] = [4, 3, 5, 2];
const count = n * height * width;
const random = stream(1, "batch norm");
const z = uniform(random, [n, channels, height, width], -2, 5);
const parameters = { "norm.weight": uniform(random, [channels], 0.5, 2), "norm.bias": uniform(random, [channels]) };
const running = {
  "norm.running_mean": uniform(random, [channels]),
  "norm.running_var": uniform(random, [channels], 0.5, 2),
};

/** Mean and biased variance of every channel, in double precision. */
const momentsOf = (x: Tensor) => {
  const data = floats(x);
  const plane = height * width;
  return Array.from({ length: channels }, (_, c) => {
    const own = [...data].filter((_v, i) => Math.floor(i / plane) % channels === c);
    const mean = own.reduce((s, v) => s + v, 0) / own.length;
    return { mean, variance: own.reduce((s, v) => s + (v - mean) ** 2, 0) / own.length };
  });
};
const moments = momentsOf(z);

/** gamma (z - mean) / sqrt(variance + 1e-5) + beta. */
const normalised = (mean: ArrayLike<number>, variance: ArrayLike<number>): number[] =>
  [...floats(z)].map((v, i) => {
    const c = Math.floor(i / (height * width)) % channels;
    const scale = floats(parameters["norm.weight"])[c]! / Math.sqrt(variance[c]! + 1e-5);
    return (v - mean[c]!) * scale + floats(parameters["norm.bias"])[c]!;
  });

const types = {
  z: float32(...z.shape),
  parameters: { "norm.weight": float32(channels), "norm.bias": float32(channels) },
  statistics: statisticsTypes({ norm: channels }),
};
const tolerance = 1e-5;

test("statistics are declared by layer, mean before variance", () => {
  expect(statisticsTypes({ a: 2, "b.0": 5 })).toEqual({
    "a.running_mean": float32(2),
    "a.running_var": float32(2),
    "b.0.running_mean": float32(5),
    "b.0.running_var": float32(5),
  });
});

test("trainingNorm: the batch's biased variance normalises, the unbiased one is what runs on", async () => {
  const compiled = await device.compile(
    trace(types, ({ z: x, parameters: p, statistics }) => {
      const { normalise, updated } = trainingNorm(p, statistics);
      return { y: normalise(x, "norm"), mean: updated["norm.running_mean"]!, variance: updated["norm.running_var"]! };
    }),
  );
  const { y, mean, variance } = await compiled.run({ z, parameters, statistics: running });
  await compiled.release();
  expect(y.shape).toEqual(z.shape);
  const batch = { mean: moments.map((m) => m.mean), variance: moments.map((m) => m.variance) };
  expect(relativeError(floats(y), normalised(batch.mean, batch.variance))).toBeLessThan(tolerance);
  const blend = (old: Tensor, fresh: readonly number[]): number[] =>
    fresh.map((v, c) => 0.9 * floats(old)[c]! + 0.1 * v);
  expect(relativeError(floats(mean), blend(running["norm.running_mean"], batch.mean))).toBeLessThan(tolerance);
  const unbiased = batch.variance.map((v) => (v * count) / (count - 1));
  expect(relativeError(floats(variance), blend(running["norm.running_var"], unbiased))).toBeLessThan(tolerance);
  // The test can tell the two variances apart.
  const biased = blend(running["norm.running_var"], batch.variance);
  expect(relativeError(floats(variance), biased)).toBeGreaterThan(100 * tolerance);
});

const measure = async (statistics: Readonly<Record<string, Tensor>>) => {
  const compiled = await device.compile(
    trace(types, ({ z: x, parameters: p, statistics: s }) => {
      const { normalise, gaps } = statisticsNorm(p, s);
      const measured = normalise(x, "norm");
      return { measured, inferred: inferenceNorm(p, s)(x, "norm"), mean: gaps[0]!.mean, variance: gaps[0]!.variance };
    }),
  );
  const results = await compiled.run({ z, parameters, statistics });
  await compiled.release();
  return results;
};

test("inferenceNorm and statisticsNorm give the same: the running statistics normalise", async () => {
  const { measured, inferred } = await measure(running);
  const expected = normalised(floats(running["norm.running_mean"]), floats(running["norm.running_var"]));
  expect(relativeError(floats(inferred), expected)).toBeLessThan(tolerance);
  expect(relativeError(floats(measured), floats(inferred))).toBeLessThan(tolerance);
});

test("statisticsNorm's gaps are the batch's mean and biased variance less the running ones", async () => {
  const { mean, variance } = await measure(running);
  const gap = (of: "mean" | "variance", from: Tensor): number[] => moments.map((m, c) => m[of] - floats(from)[c]!);
  expect(relativeError(floats(mean), gap("mean", running["norm.running_mean"]))).toBeLessThan(tolerance);
  expect(relativeError(floats(variance), gap("variance", running["norm.running_var"]))).toBeLessThan(tolerance);
});

test("statisticsNorm's gaps vanish when the batch has the running statistics", async () => {
  const vector = (values: readonly number[]): Tensor => tensor(Float32Array.from(values), [channels]);
  const { mean, variance } = await measure({
    "norm.running_mean": vector(moments.map((m) => m.mean)),
    "norm.running_var": vector(moments.map((m) => m.variance)),
  });
  const largestVariance = Math.max(...moments.map((m) => m.variance));
  for (const gap of [...floats(mean), ...floats(variance)]) expect(Math.abs(gap)).toBeLessThan(1e-6 * largestVariance);
});

test("gaps come in the order in which the data meets the layers", () => {
  const two = {
    ...statisticsTypes({ a: channels, b: channels }),
    "a.weight": float32(channels),
    "a.bias": float32(channels),
  };
  trace({ z: types.z, p: { ...two, "b.weight": float32(channels), "b.bias": float32(channels) } }, ({ z: x, p }) => {
    const { normalise, gaps } = statisticsNorm(p, p);
    const y = normalise(normalise(x, "b"), "a");
    expect(gaps.map((gap) => gap.layer)).toEqual(["b", "a"]);
    return { y };
  });
});
