import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { float32, trace } from "../../src/autodiff/index.ts";
import { muon, orthogonalised } from "../../src/nn/muon.ts";
import { sgd } from "../../src/nn/optimisers.ts";
import { type Device, openDevice } from "../../src/runtime/index.ts";
import { stream } from "../../src/support/random.ts";
import { floats, uniform } from "../autodiff/draw.ts";

let device: Device;
beforeAll(async () => {
  device = await openDevice("cpu", { threads: 1 });
});
afterAll(() => device.close());

/** Singular values squared lie between the extremes of x^T X X^T x over unit x; the diagonal and off-diagonal say enough. */
const gram = (m: Float32Array, rows: number): number[][] => {
  const columns = m.length / rows;
  const dot = (i: number, j: number): number => {
    let sum = 0;
    for (let k = 0; k < columns; k++) sum += m[i * columns + k]! * m[j * columns + k]!;
    return sum;
  };
  return Array.from({ length: rows }, (_, i) => Array.from({ length: rows }, (_, j) => dot(i, j)));
};

describe("orthogonalised", () => {
  test.each([
    ["wide", [6, 5, 3, 3]],
    ["tall", [40, 1, 2, 2]],
  ])("gives a %s matrix rows or columns of length near 1, nearly at right angles", async (_, shape) => {
    const compiled = await device.compile(trace({ m: float32(...shape) }, ({ m }) => ({ o: orthogonalised(m) })));
    const { o } = await compiled.run({ m: uniform(stream(1, "m"), shape, -1, 1) });
    await compiled.release();
    expect(o.shape).toEqual(shape);
    const [rows, columns] = [shape[0]!, shape.slice(1).reduce((n, d) => n * d, 1)];
    const data = floats(o);
    const short =
      rows <= columns
        ? gram(data, rows)
        : gram(
            Float32Array.from({ length: data.length }, (_, i) => data[(i % rows) * columns + Math.floor(i / rows)]!),
            columns,
          );
    for (const [i, row] of short.entries()) {
      for (const [j, value] of row.entries()) expect(Math.abs(value - Number(i === j))).toBeLessThan(0.6);
    }
  });

  test("does not depend on the scale of the matrix", async () => {
    const shape = [4, 2, 3, 3];
    const compiled = await device.compile(trace({ m: float32(...shape) }, ({ m }) => ({ o: orthogonalised(m) })));
    const m = uniform(stream(2, "m"), shape, -1, 1);
    const { o } = await compiled.run({ m });
    const { o: small } = await compiled.run({ m: { ...m, data: floats(m).map((v) => v / 64) } });
    await compiled.release();
    floats(small).forEach((v, i) => {
      expect(v).toBeCloseTo(floats(o)[i]!, 4);
    });
  });
});

describe("muon", () => {
  const shapes = { filter: [4, 2, 3, 3], bias: [4] };
  const update = async (optimiser: ReturnType<typeof muon>, name: "filter" | "bias") => {
    const type = float32(...shapes[name]);
    const traced = trace({ p: type, g: type, v: type, rate: float32(), filterRate: float32() }, (x) => {
      const hyper = { learningRate: x.rate, filterRate: x.filterRate };
      const { parameter, slots } = optimiser.update(x.p, x.g, { velocity: x.v }, hyper);
      return { parameter, velocity: slots.velocity! };
    });
    const compiled = await device.compile(traced);
    const draw = (what: string) => uniform(stream(3, what), shapes[name], -1, 1);
    const scalar = (value: number) => ({ dtype: "float32" as const, shape: [], data: Float32Array.of(value) });
    const given = { p: draw("p"), g: draw("g"), v: draw("v"), rate: scalar(0.5), filterRate: scalar(0.1) };
    const result = await compiled.run(given);
    await compiled.release();
    return { ...given, ...result };
  };

  test("moves filters of unit rows by an orthogonal step of the filters' rate", async () => {
    const { p, parameter } = await update(muon(), "filter");
    const norm = Math.hypot(...floats(p));
    const moved = floats(parameter).map((v, i) => (floats(p)[i]! * Math.sqrt(4)) / norm - v);
    for (const [i, row] of gram(moved, 4).entries()) expect(row[i]).toBeCloseTo(0.01, 2);
    expect(Math.hypot(...moved)).toBeGreaterThan(0.15);
    expect(Math.hypot(...moved)).toBeLessThan(0.25);
  });

  test("is SGD with Nesterov momentum for all else", async () => {
    const ours = await update(muon({ momentum: 0.85, weightDecay: 0.01 }), "bias");
    const theirs = await update(sgd({ momentum: 0.85, weightDecay: 0.01, nesterov: true }), "bias");
    expect([ours.parameter, ours.velocity]).toEqual([theirs.parameter, theirs.velocity]);
  });
});
