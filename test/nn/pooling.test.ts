import { afterAll, beforeAll, expect, test } from "vitest";
import { gradients, maxPool2d, mul, reduceSum, type Value } from "../../src/autodiff/index.ts";
import { trace } from "../../src/autodiff/trace.ts";
import { float32, type Tensor, tensor } from "../../src/autodiff/types.ts";
import { maxPool2x2 } from "../../src/nn/pooling.ts";
import { type Device, openDevice } from "../../src/runtime/device.ts";
import { stream } from "../../src/support/random.ts";
import { distinct, floats, relativeError, uniform } from "../autodiff/draw.ts";

let device: Device;
beforeAll(async () => {
  device = await openDevice("cpu", { threads: 1 });
});
afterAll(() => device.close());

/** A pool's result and the gradient of <result, dy>. */
const pooled = async (pool: (x: Value) => Value, x: Tensor, dy: Tensor) => {
  const compiled = await device.compile(
    trace({ x: float32(...x.shape), dy: float32(...dy.shape) }, ({ x, dy }) => {
      const y = pool(x);
      return { y, dx: gradients(reduceSum(mul(y, dy)), x) };
    }),
  );
  const { y, dx } = await compiled.run({ x, dy });
  await compiled.release();
  return { shape: y.shape, y: [...floats(y)], dx: [...floats(dx)] };
};

test.each([
  [2, 3, 4, 6],
  [1, 16, 8, 8],
  [2, 2, 5, 4],
  [1, 16, 7, 7],
])("is max pooling, value and gradient: [%i, %i, %i, %i]", async (n, c, h, w) => {
  const random = stream(1, "pool");
  const x = distinct(random, [[n, c, h, w]], -2, 2).tensors[0]!;
  const dy = uniform(random, [n, c, Math.floor(h / 2), Math.floor(w / 2)]);
  const ours = await pooled(maxPool2x2, x, dy);
  const usual = await pooled((v) => maxPool2d(v, { kernel: 2 }), x, dy);
  expect(ours.shape).toEqual(usual.shape);
  expect(relativeError(ours.y, usual.y)).toBeLessThan(1e-6);
  expect(relativeError(ours.dx, usual.dx)).toBeLessThan(1e-6);
});

test("equal largest places share the gradient", async () => {
  const x = tensor(Float32Array.of(1, 3, 3, 2, 0, 0, 0, 0), [1, 2, 2, 2]);
  const { y, dx } = await pooled(maxPool2x2, x, tensor(Float32Array.of(6, 8), [1, 2, 1, 1]));
  expect(y).toEqual([3, 0]);
  expect(dx).toEqual([0, 3, 3, 0, 2, 2, 2, 2]);
});
