import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { conv2dOp } from "../../src/autodiff/ops/convolution/convolution.ts";
import { allOps } from "../../src/autodiff/ops/index.ts";
import { avgPool2dOp, maxPool2dOp } from "../../src/autodiff/ops/pooling.ts";
import { trace } from "../../src/autodiff/trace.ts";
import { float32, sizeOf, type Tensor, tensor } from "../../src/autodiff/types.ts";
import type { Value } from "../../src/autodiff/value.ts";
import type { Device } from "../../src/runtime/device.ts";
import { openDevice } from "../../src/runtime/device.ts";
import { floats, relativeError } from "./draw.ts";
import { type GoldenOptions, golden, withGradients } from "./golden-operators.ts";

interface GoldenCase {
  readonly op: string;
  readonly options: GoldenOptions;
  readonly shapes: readonly (readonly number[])[];
  readonly low: number;
  readonly high: number;
  readonly shifts?: Readonly<Record<string, number>>;
  readonly indices?: Readonly<Record<string, readonly number[]>>;
  readonly y: { readonly shape: readonly number[]; readonly data: readonly number[] };
  readonly gradients?: readonly (readonly number[])[];
}

const { cases } = JSON.parse(readFileSync(new URL("../goldens/ops.json", import.meta.url), "utf8")) as {
  readonly cases: readonly GoldenCase[];
};

/** Largest difference relative to the largest value. */
const tolerance = 1e-5;

/** The generator of make-ops.py. */
const generator = (seed: number) => {
  let state = seed;
  return (shape: readonly number[], low: number, high: number, shift = 0): Tensor => {
    const steps = Math.round((high - low) * 16) + 1;
    const next = (): number => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return low + ((state >>> 16) % steps) / 16 + shift;
    };
    return tensor(Float32Array.from({ length: sizeOf(shape) }, next), shape);
  };
};

const inputsOf = (one: GoldenCase, index: number): { x: Tensor[]; dy: Tensor } => {
  const draw = generator(index + 1);
  const x = one.shapes.map((shape, i) => {
    const rows = one.indices?.[i];
    return rows ? tensor(BigInt64Array.from(rows, BigInt), shape) : draw(shape, one.low, one.high, one.shifts?.[i]);
  });
  return { x, dy: draw(one.y.shape, -1, 1) };
};

let device: Device;
beforeAll(async () => {
  device = await openDevice("cpu", { threads: 1 });
});
afterAll(() => device.close());

describe("coverage", () => {
  test("every operator has a golden but the leaves, those on indices and the convolution's own gradients, which conv2d's goldens reach", () => {
    const covered = new Set(cases.map((one) => one.op));
    const missing = allOps.map((op) => op.name).filter((name) => !covered.has(name));
    expect(missing).toEqual([
      "input",
      "literal",
      "splat",
      "quotient",
      "remainder",
      "times",
      "plus",
      "convImageGradient",
      "convFilterGradient",
    ]);
    expect([...covered].sort()).toEqual(Object.keys(golden).sort());
  });

  test.each([conv2dOp, avgPool2dOp, maxPool2dOp].map((op) => [op.name, op] as const))(
    "%s has one for each of its settings",
    (name, op) => {
      const key = (options: object): string =>
        JSON.stringify(Object.entries(options).sort(([a], [b]) => a.localeCompare(b)));
      const settings = new Set(cases.filter((one) => one.op === name).map((one) => key(one.options)));
      expect(op.samples.map((s) => key(s.attributes!)).filter((s) => !settings.has(s))).toEqual([]);
    },
  );
});

test.each([...new Set(cases.map((one) => one.op))])("%s agrees with PyTorch", async (op) => {
  const own = cases.map((one, i) => ({ one, ...inputsOf(one, i) })).filter(({ one }) => one.op === op);
  const traced = trace(
    own.map(({ x, dy }) => ({ x: x.map(({ dtype, shape }) => ({ dtype, shape })), dy: float32(...dy.shape) })),
    (all) =>
      all.map(({ x, dy }, i) =>
        withGradients(op, own[i]!.one.options, x as unknown as Value[], dy as unknown as Value),
      ),
  );
  const compiled = await device.compile(traced);
  const results = await compiled.run(own.map(({ x, dy }) => ({ x, dy })));
  await compiled.release();
  for (const [i, { one, x }] of own.entries()) {
    const what = `${op} ${JSON.stringify(one.shapes)} ${JSON.stringify(one.options)}`;
    const { y, gradients } = results[i]!;
    expect(y.shape, what).toEqual(one.y.shape);
    expect(relativeError(floats(y), one.y.data), `${what}: value`).toBeLessThan(tolerance);
    const shapes = x.filter((t) => t.dtype === "float32").map((t) => t.shape);
    expect(
      gradients.map((g) => g.shape),
      what,
    ).toEqual(shapes);
    for (const [k, expected] of (one.gradients ?? []).entries()) {
      expect(relativeError(floats(gradients[k]!), expected), `${what}: gradient ${k}`).toBeLessThan(tolerance);
    }
  }
});
