import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { allOps } from "../../src/autodiff/ops/index.ts";
import { trace } from "../../src/autodiff/trace.ts";
import { type Tensor, tensor } from "../../src/autodiff/types.ts";
import { type Attributes, apply, type Sample, type Value } from "../../src/autodiff/value.ts";
import type { Device } from "../../src/runtime/device.ts";
import { openDevice } from "../../src/runtime/device.ts";
import { stream } from "../../src/support/random.ts";
import { absoluteDot, dot, floats, moved, uniform } from "./draw.ts";
import { derivatives, draw, leaves, onIndices, operators } from "./operator-cases.ts";

/** The derivative is zero wherever it exists. */
const flat = new Set(["greater", "greaterEqual", "equal", "step", "within6"]);

/** Error of a directional derivative, relative to the sum of its terms' absolute values. */
const tolerance = 1e-4;

let device: Device;
beforeAll(async () => {
  device = await openDevice("cpu", { threads: 1 });
});
afterAll(() => device.close());

/** The stencil (8 (f(h) - f(-h)) - (f(2h) - f(-2h))) / 12 h, exact to h^4, in double precision. */
const stencil = [
  [1, 8],
  [-1, -8],
  [2, -1],
  [-2, 1],
] as const;

const differentiate = (
  at: readonly { readonly factor: number; readonly data: Float32Array }[],
  h: number,
): Float64Array => {
  const sum = new Float64Array(at[0]!.data.length);
  for (const { factor, data } of at) for (let i = 0; i < sum.length; i++) sum[i] = sum[i]! + factor * data[i]!;
  return sum.map((v) => v / (12 * h));
};

test("operator names are unique and every operator but the leaves and those on indices has samples", () => {
  expect(new Set(allOps.map((op) => op.name)).size).toBe(allOps.length);
  expect(operators.filter((op) => op.samples.length === 0).map((op) => op.name)).toEqual([]);
  expect(allOps.filter((op) => leaves.has(op.name)).map((op) => op.name)).toEqual([...leaves]);
  expect(allOps.filter((op) => onIndices.has(op.name)).map((op) => op.name)).toEqual([...onIndices]);
});

describe.each(operators.map((op) => [op.name, op] as const))("%s", (name, op) => {
  test("types, first and second derivative on every sample", async () => {
    const random = stream(11, "ops", name);
    const cases = op.samples.map((sample) => draw(op, sample as Sample<Attributes>, random));
    const plans = cases.map(derivatives);
    const traced = trace(
      plans.map(({ specs }) => specs),
      (all) => all.map((one, i) => plans[i]!.fn(one as unknown as { x: Value[]; c: Value; d: Value[] })),
    );
    const compiled = await device.compile(traced);
    const base = cases.map(({ inputs }, i) => ({
      x: [...inputs],
      c: uniform(random, plans[i]!.y.shape),
      d: plans[i]!.specs.d.map(({ shape }) => uniform(random, shape)),
    }));
    const along = base.map(({ x, c }) => ({
      x: x.map(({ shape }) => uniform(random, shape)),
      c: uniform(random, c.shape),
    }));
    const run = (steps: number) =>
      compiled.run(
        base.map(({ x, c, d }, i) => {
          const h = steps * cases[i]!.h;
          return { x: x.map((t, k) => moved(t, along[i]!.x[k]!, h)), c: moved(c, along[i]!.c, h), d };
        }),
      );
    // <c, y> is differenced with c held still, so y alone moves; the gradients move with x and c together.
    const here = await run(0);
    const near = await Promise.all(stencil.map(async ([steps, factor]) => ({ factor, result: await run(steps) })));
    await compiled.release();

    for (const [i, plan] of plans.entries()) {
      const what = `${name} sample ${i}`;
      const { y, g, second } = here[i]!;
      expect({ dtype: y.dtype, shape: y.shape }, `${what}: type`).toEqual({ dtype: plan.y.dtype, shape: plan.y.shape });
      expect(
        [...g, ...second].map((t) => t.shape),
        `${what}: gradients' shapes`,
      ).toEqual([...plan.specs.d, ...plan.specs.d, plan.specs.c].map((t) => t.shape));

      const { h } = cases[i]!;
      const { c, d } = base[i]!;
      const v = plan.float.map((k) => floats(along[i]!.x[k]!));
      const sums = (terms: readonly (readonly [ArrayLike<number>, ArrayLike<number>])[]) => ({
        value: terms.reduce((s, [a, b]) => s + dot(a, b), 0),
        scale: terms.reduce((s, [a, b]) => s + absoluteDot(a, b), 0),
      });

      const slope = differentiate(
        near.map(({ factor, result }) => ({ factor, data: floats(result[i]!.y) })),
        h,
      );
      const first = sums(g.map((t, k) => [floats(t), v[k]!]));
      if (flat.has(name)) {
        for (const t of [...g, ...second])
          expect(
            floats(t).every((a) => a === 0),
            `${what}: zero derivative`,
          ).toBe(true);
        expect(
          slope.every((a) => a === 0),
          `${what}: finite differences`,
        ).toBe(true);
        continue;
      }
      expect(first.scale, `${what}: gradient is not all zero`).toBeGreaterThan(0);
      expect(Math.abs(first.value - dot(slope, floats(c))), `${what}: first order`).toBeLessThan(
        tolerance * first.scale,
      );

      const slopes = g.map((_, k) =>
        differentiate(
          near.map(({ factor, result }) => ({ factor, data: floats(result[i]!.g[k]!) })),
          h,
        ),
      );
      const analytic = sums([...v, floats(along[i]!.c)].map((a, k) => [floats(second[k]!), a]));
      const difference = sums(slopes.map((s, k) => [s, floats(d[k]!)]));
      expect(analytic.scale, `${what}: second derivative is not all zero`).toBeGreaterThan(0);
      expect(Math.abs(analytic.value - difference.value), `${what}: second order`).toBeLessThan(
        tolerance * analytic.scale,
      );
    }
  });
});

describe("the plain-number form of elementwise operators", () => {
  const scalars = operators.filter((op) => op.scalar !== undefined);
  test("agrees with ONNX Runtime, so that folding constants changes nothing", async () => {
    const random = stream(12, "scalars");
    const n = 64;
    const drawn = scalars.map((op) => {
      const [low, high] = op.samples[0]!.range ?? [-1, 1];
      // Multiples of 1/8 tie now and then, which comparisons must get right.
      const arity = op.samples[0]!.shapes.length;
      return Array.from({ length: arity }, () =>
        tensor(
          floats(uniform(random, [n], low, high)).map((a) => Math.round(a * 8) / 8),
          [n],
        ),
      );
    });
    const compiled = await device.compile(
      trace(
        drawn.map((xs) => xs.map(({ dtype, shape }) => ({ dtype, shape }))),
        (all) => all.map((xs, i) => apply(scalars[i]!, xs as unknown as Value[], {})),
      ),
    );
    const results = (await compiled.run(drawn)) as unknown as Tensor[];
    await compiled.release();
    for (const [i, op] of scalars.entries()) {
      const expected = Array.from({ length: n }, (_, k) => op.scalar!(...drawn[i]!.map((x) => floats(x)[k]!)));
      floats(results[i]!).forEach((a, k) => {
        expect(Math.abs(a - expected[k]!), `${op.name}(${drawn[i]!.map((x) => x.data[k])})`).toBeLessThan(1e-6);
      });
    }
  });
});
