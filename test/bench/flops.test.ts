import { describe, expect, test } from "vitest";
import { flopsOf } from "../../bench/flops.ts";
import { invertedNetwork } from "../../bench/inverted.ts";
import { buildStep } from "../../bench/our-step.ts";
import { conv2d, float32, gradients, matmul, mean, mul, trace } from "../../src/autodiff/index.ts";
import { parameterCount } from "../../src/models/model.ts";
import { classification } from "../../src/tasks/classification.ts";

describe("floating-point operations", () => {
  test("of matrix products, transposed and batched", () => {
    const { graph } = trace({ a: float32(4, 3), b: float32(4, 5) }, ({ a, b }) => matmul(a, b, { transposeA: true }));
    expect(flopsOf(graph)).toBe(2 * 3 * 5 * 4);
    const batched = trace({ a: float32(7, 2, 3), b: float32(3, 5) }, ({ a, b }) => matmul(a, b));
    expect(flopsOf(batched.graph)).toBe(2 * 7 * 2 * 5 * 3);
  });

  test("of a strided and a grouped convolution", () => {
    const strided = trace({ x: float32(2, 4, 8, 8), w: float32(6, 4, 3, 3) }, ({ x, w }) =>
      conv2d(x, w, undefined, { stride: 2, padding: 1 }),
    );
    expect(flopsOf(strided.graph)).toBe(2 * (2 * 6 * 4 * 4) * (4 * 9));
    const depthwise = trace({ x: float32(2, 4, 5, 5), w: float32(4, 1, 3, 3) }, ({ x, w }) =>
      conv2d(x, w, undefined, { groups: 4, padding: 1 }),
    );
    expect(flopsOf(depthwise.graph)).toBe(2 * (2 * 4 * 5 * 5) * 9);
  });

  test("of a convolution and both its gradients are three times the convolution's", () => {
    const { graph } = trace({ x: float32(2, 4, 8, 8), w: float32(6, 4, 3, 3) }, ({ x, w }) => {
      const y = conv2d(x, w, undefined, { stride: 2, padding: 1 });
      const loss = mean(mul(y, y));
      return { loss, ...gradients(loss, { x, w }) };
    });
    expect(flopsOf(graph)).toBe(3 * 2 * (2 * 6 * 4 * 4) * (4 * 9));
  });

  test("of the INFER step on ResNet18 with two classes: twice the forward pass, and the linear layer", () => {
    const forward = 555_417_600; // multiply-adds of an image in the convolutions, by hand from the shapes
    const { traced } = buildStep({ work: "distill-step", model: "resnet18", batch: 1, classes: 2, real: 0 });
    expect(flopsOf(traced.graph)).toBe(2 * 2 * (2 * forward + 2 * 512 * 2));
  });
});

test("the network of inverted residuals is as large as PyTorch's", () => {
  const task = classification(10, { height: 32, width: 32 });
  expect(parameterCount(invertedNetwork(task))).toBe(60_650);
});
