import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  float32,
  gradients,
  sizeOf,
  type Tensor,
  tensor,
  topologicalOrder,
  trace,
} from "../../../src/autodiff/index.ts";
import { characteristicAt } from "../../../src/distill/objectives/distances/characteristic.ts";
import { covariance } from "../../../src/distill/objectives/distances/covariance.ts";
import type { Distance } from "../../../src/distill/objectives/distances/distance.ts";
import { mean } from "../../../src/distill/objectives/distances/mean.ts";
import { type Device, openDevice } from "../../../src/runtime/index.ts";
import { stream } from "../../../src/support/random.ts";
import { dot, floats, moved, uniform } from "../../autodiff/draw.ts";
import { copied } from "./differences.ts";

let device: Device;
beforeAll(async () => {
  device = await openDevice("cpu", { threads: 1 });
});
afterAll(() => device.close());

/** Real images come in two lots. */
const [F, T, synthetic, real] = [5, 6, 3, [4, 2]] as const;
const distance = characteristicAt(T);

const drawnFor = (of: Distance) => of.draw(stream(2, "distance"), F);

/** A distance and its gradient in the synthetic features. */
const measure = async (of: Distance, own: Tensor, others: readonly Tensor[]) => {
  const types = {
    own: float32(...own.shape),
    others: others.map(({ shape }) => float32(...shape)),
    drawn: { ...of.drawn(F) },
  };
  const compiled = await device.compile(
    trace(types, ({ own: x, others: y, drawn }) => {
      const loss = of.between(x, y, drawn);
      return { loss, gradient: gradients(loss, { x }).x };
    }),
  );
  const { loss, gradient } = await compiled.run({
    own: copied(own),
    others: others.map(copied),
    drawn: drawnFor(of),
  });
  await compiled.release();
  return { loss: floats(loss)[0]!, gradient: floats(gradient) };
};

const own = uniform(stream(2, "own"), [synthetic, F], 0, 1);
const others = real.map((n, i) => uniform(stream(2, "real", i), [n, F], -0.2, 1));

const rowsOf = (...tensors: readonly Tensor[]): number[][] =>
  tensors.flatMap((one) => Array.from({ length: one.shape[0]! }, (_, i) => [...floats(one)].slice(i * F, (i + 1) * F)));

const meanOf = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
const column = (rows: readonly number[][], f: number): number[] => rows.map((row) => row[f]!);
const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

const squaredMeans = (a: number[][], b: number[][]): number =>
  upTo(F).reduce((sum, f) => sum + (meanOf(column(a, f)) - meanOf(column(b, f))) ** 2, 0);

/** The covariance of two features. */
const covarianceOf = (rows: number[][], f: number, g: number): number => {
  const [x, y] = [column(rows, f), column(rows, g)];
  return meanOf(x.map((value, i) => (value - meanOf(x)) * (y[i]! - meanOf(y))));
};

/** Real and imaginary part of the mean of exp(i t'f), features f of length 1, at each frequency. */
const functionOf = (rows: number[][]): { re: number; im: number }[] => {
  const random = stream(0, "frequencies", F, T);
  const normals = Float32Array.from({ length: F * T }, random.normal);
  const scales = floats(drawnFor(distance).scales!);
  return upTo(T).map((t) => {
    const angles = rows.map((row) => {
      const length = Math.sqrt(dot(row, row));
      return upTo(F).reduce((sum, f) => sum + (row[f]! / length) * scales[f]! * normals[f * T + t]!, 0);
    });
    return { re: meanOf(angles.map(Math.cos)), im: meanOf(angles.map(Math.sin)) };
  });
};

describe("values by plain loops", () => {
  const [a, b] = [rowsOf(own), rowsOf(...others)];

  test("mean", async () => {
    expect((await measure(mean, own, others)).loss / squaredMeans(a, b)).toBeCloseTo(1, 5);
  });

  test("characteristic function: NCFM's loss as it is written", async () => {
    const [ours, theirs] = [functionOf(a), functionOf(b)];
    const terms = ours.map(({ re, im }, t) => {
      const { re: wantedRe, im: wantedIm } = theirs[t]!;
      const [amplitude, wanted] = [Math.hypot(re, im), Math.hypot(wantedRe, wantedIm)];
      return Math.sqrt(0.5 * (wanted - amplitude) ** 2 + 0.5 * (wanted * amplitude - re * wantedRe - im * wantedIm));
    });
    expect((await measure(distance, own, others)).loss / (300 * meanOf(terms))).toBeCloseTo(1, 3);
  });

  test("covariance", async () => {
    let apart = 0;
    for (const f of upTo(F)) for (const g of upTo(F)) apart += (covarianceOf(a, f, g) - covarianceOf(b, f, g)) ** 2;
    const expected = squaredMeans(a, b) + (50 * apart) / F;
    expect(apart).toBeGreaterThan(0.01);
    expect((await measure(covariance, own, others)).loss / expected).toBeCloseTo(1, 4);
  });
});

describe("gradients", () => {
  test.each([mean, covariance, distance])("of the $name agree with differences", async (of) => {
    const { gradient } = await measure(of, own, others);
    const direction = uniform(stream(2, "direction"), own.shape);
    const width = 1e-2;
    const [up, down] = [width, -width].map((h) => measure(of, moved(own, direction, h), others));
    const slope = ((await up!).loss - (await down!).loss) / (2 * width);
    expect(dot(gradient, floats(direction)) / slope).toBeCloseTo(1, 2);
  });

  test.each([mean, covariance, distance])("of the $name are finite between equal features, and at 0", async (of) => {
    for (const same of [own, tensor(new Float32Array(synthetic * F), own.shape)]) {
      const { loss, gradient } = await measure(of, same, [same]);
      expect(Math.abs(loss)).toBeLessThan(0.02);
      expect(gradient.every(Number.isFinite)).toBe(true);
    }
  });

  test("no covariance of [F, F] is computed", () => {
    const features = 64;
    const types = { own: float32(3, features), real: float32(4, features) };
    const { graph } = trace(types, ({ own: x, real: y }) => gradients(covariance.between(x, [y], {}), { x }));
    const largest = Math.max(...topologicalOrder(graph.outputs).map(({ shape }) => sizeOf(shape)));
    expect(largest).toBeLessThanOrEqual(4 * features);
  });
});

test("pairs have frequencies of lengths 1 to 5 times a normal vector's, with signs of their own", () => {
  const lengths: number[] = [];
  for (let pair = 0; pair < 50; pair++) {
    const scales = floats(distance.draw(stream(pair, "pair"), 40).scales!);
    const [length] = scales.map(Math.abs);
    expect(new Set(scales)).toEqual(new Set([length, -length!]));
    lengths.push(length!);
  }
  expect(Math.min(...lengths)).toBeGreaterThanOrEqual(1);
  expect(Math.max(...lengths)).toBeLessThan(5);
  expect(Math.max(...lengths) - Math.min(...lengths)).toBeGreaterThan(3);
});
