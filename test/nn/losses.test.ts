import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { gradients } from "../../src/autodiff/grad.ts";
import { constant } from "../../src/autodiff/ops/leaves.ts";
import { trace } from "../../src/autodiff/trace.ts";
import { type Tensor, tensor } from "../../src/autodiff/types.ts";
import type { Value } from "../../src/autodiff/value.ts";
import { crossEntropy, distillationLoss, statisticsLoss } from "../../src/nn/losses.ts";
import { type Device, openDevice } from "../../src/runtime/device.ts";
import { floats } from "../autodiff/draw.ts";

let device: Device;
beforeAll(async () => {
  device = await openDevice("cpu", { threads: 1 });
});
afterAll(() => device.close());

const rows = (values: readonly (readonly number[])[]): Tensor =>
  tensor(Float32Array.from(values.flat()), [values.length, values[0]!.length]);

/** A loss of x and its gradient. */
const evaluate = async (x: Tensor, loss: (x: Value) => Value): Promise<{ loss: number; gradient: number[] }> => {
  const compiled = await device.compile(
    trace({ x: { dtype: x.dtype, shape: x.shape } }, ({ x: value }) => {
      const y = loss(value);
      return { y, dx: gradients(y, value) };
    }),
  );
  const { y, dx } = await compiled.run({ x });
  await compiled.release();
  expect(y.shape).toEqual([]);
  return { loss: floats(y)[0]!, gradient: [...floats(dx)] };
};

/** float32 at values near 1. */
const digits = 6;

const closeTo = (actual: readonly number[], expected: readonly number[]): void => {
  expect(actual).toHaveLength(expected.length);
  expected.forEach((v, i) => {
    expect(actual[i]).toBeCloseTo(v, digits);
  });
};

describe("crossEntropy", () => {
  test("is -log of the label's probability, averaged over the batch; its gradient is (p - y) / N", async () => {
    const logits = rows([
      [0, Math.log(3)],
      [Math.log(4), 0],
    ]);
    const targets = rows([
      [0, 1],
      [0, 1],
    ]);
    const { loss, gradient } = await evaluate(logits, (x) => crossEntropy(x, constant(targets)));
    expect(loss).toBeCloseTo((-Math.log(3 / 4) - Math.log(1 / 5)) / 2, digits);
    closeTo(gradient, [0.25 / 2, -0.25 / 2, 0.8 / 2, -0.8 / 2]);
  });

  test("takes soft targets", async () => {
    const { loss } = await evaluate(rows([[0, Math.log(3)]]), (x) => crossEntropy(x, constant(rows([[0.1, 0.9]]))));
    expect(loss).toBeCloseTo(-0.1 * Math.log(1 / 4) - 0.9 * Math.log(3 / 4), digits);
  });

  test("of C equal logits is log C", async () => {
    const { loss } = await evaluate(rows([[7, 7, 7, 7]]), (x) => crossEntropy(x, constant(rows([[0, 0, 1, 0]]))));
    expect(loss).toBeCloseTo(Math.log(4), digits);
  });

  test("stays finite at huge logits", async () => {
    const { loss, gradient } = await evaluate(rows([[1e4, -1e4]]), (x) => crossEntropy(x, constant(rows([[0, 1]]))));
    expect(loss).toBe(2e4);
    closeTo(gradient, [1, -1]);
  });
});

describe("distillationLoss", () => {
  const teacher = rows([[0, Math.log(3)]]);

  test("is KL(teacher || student), gradient (q - p) / (T N)", async () => {
    const { loss, gradient } = await evaluate(rows([[0, 0]]), (x) => distillationLoss(x, constant(teacher), 1));
    expect(loss).toBeCloseTo(0.25 * Math.log(0.5) + 0.75 * Math.log(1.5), digits);
    closeTo(gradient, [0.25, -0.25]);
  });

  test("divides both sides' logits by the temperature and has no factor T^2", async () => {
    const stretched = rows([[0, 30 * Math.log(3)]]);
    const { loss, gradient } = await evaluate(rows([[0, 0]]), (x) => distillationLoss(x, constant(stretched), 30));
    expect(loss).toBeCloseTo(0.25 * Math.log(0.5) + 0.75 * Math.log(1.5), digits);
    closeTo(gradient, [0.25 / 30, -0.25 / 30]);
  });

  test("averages over the batch and sums over the classes", async () => {
    const two = rows([
      [0, Math.log(3)],
      [5, 5],
    ]);
    const student = rows([
      [0, 0],
      [1, 1],
    ]);
    const { loss } = await evaluate(student, (x) => distillationLoss(x, constant(two), 1));
    expect(loss).toBeCloseTo((0.25 * Math.log(0.5) + 0.75 * Math.log(1.5)) / 2, digits);
  });

  test("is 0 with gradient 0 where student and teacher agree up to a constant", async () => {
    const { loss, gradient } = await evaluate(rows([[2, 2 + Math.log(3)]]), (x) =>
      distillationLoss(x, constant(teacher), 1),
    );
    expect(loss).toBeCloseTo(0, digits);
    closeTo(gradient, [0, 0]);
  });
});

describe("statisticsLoss", () => {
  const gaps = (x: Value, other: readonly number[]) => [
    { layer: "first", mean: x, variance: constant(tensor(Float32Array.of(6, 8), [2])) },
    { layer: "second", mean: constant(tensor(Float32Array.from(other), [2])), variance: x },
  ];
  const x = tensor(Float32Array.of(3, 4), [2]);

  test("adds the norms, not squared, of all layers, the first weighing 10", async () => {
    const { loss, gradient } = await evaluate(x, (v) => statisticsLoss(gaps(v, [5, 12])));
    expect(loss).toBeCloseTo(10 * (5 + 10) + (13 + 5), 4);
    closeTo(gradient, [(10 + 1) * 0.6, (10 + 1) * 0.8]);
  });

  test("with another weight", async () => {
    const { loss } = await evaluate(x, (v) => statisticsLoss(gaps(v, [5, 12]), 2));
    expect(loss).toBeCloseTo(2 * (5 + 10) + (13 + 5), 4);
  });

  test("with another weight of the variances", async () => {
    const { loss } = await evaluate(x, (v) => statisticsLoss(gaps(v, [5, 12]), 10, 3));
    expect(loss).toBeCloseTo(10 * (5 + 3 * 10) + (13 + 3 * 5), 4);
  });

  test("has gradient 0, not NaN, where the statistics are met exactly", async () => {
    const zero = tensor(new Float32Array(2), [2]);
    const { loss, gradient } = await evaluate(zero, (v) => statisticsLoss([{ layer: "only", mean: v, variance: v }]));
    expect(loss).toBeCloseTo(0, digits);
    expect(gradient).toEqual([0, 0]);
  });
});
