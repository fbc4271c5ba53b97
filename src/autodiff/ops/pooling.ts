// Pooling over windows, and enlarging by repetition.
import { expectFloat, expectRank, shapeError, sizes } from "../shapes.ts";
import { apply, defineOp, type Value } from "../value.ts";
import { convTranspose2d } from "./convolution/convolution.ts";
import { both } from "./convolution/settings.ts";
import { add, equal, mul, sub } from "./elementwise.ts";
import { splat, zeros } from "./leaves.ts";
import { dilate, pad, reshape, slice } from "./movement.ts";
import { mean } from "./reduce.ts";

type Pool = {
  kernel: readonly [number, number];
  stride: readonly [number, number];
  padding: readonly [number, number];
};

export interface PoolOptions {
  readonly kernel: number | readonly [number, number];
  /** The kernel's size by default. */
  readonly stride?: number | readonly [number, number];
  readonly padding?: number | readonly [number, number];
}

const settings = ({ kernel, stride = kernel, padding = 0 }: PoolOptions): Pool => ({
  kernel: both(kernel),
  stride: both(stride),
  padding: both(padding),
});

const pooled = (op: string, x: readonly number[], { kernel, stride, padding }: Pool): number[] => {
  const size = [0, 1].map((a) => Math.floor((x[2 + a]! + 2 * padding[a]! - kernel[a]!) / stride[a]!) + 1);
  if (size.some((n) => n < 1)) throw shapeError(op, `window [${kernel}] is larger than the padded input [${x}]`);
  return [x[0]!, x[1]!, ...size];
};

const onnxAttributes = ({ kernel, stride, padding }: Pool) => ({
  kernel_shape: kernel,
  strides: stride,
  pads: [...padding, ...padding],
});

export const upsample2dOp = defineOp<{ factor: readonly [number, number] }>({
  name: "upsample2d",
  infer: ([x], { factor: [fy, fx] }) => {
    expectFloat("upsample2d", x);
    expectRank("upsample2d", "input", x, 4);
    const [n, c, h, w] = sizes(x.shape, 4);
    return { dtype: "float32", shape: [n, c, h * fy, w * fx] };
  },
  vjp: (dy, { attributes: { factor } }) => [mul(avgPool2d(dy, { kernel: factor }), factor[0] * factor[1])],
  lower: (onnx, [x], { attributes: { factor } }) =>
    onnx.node("Resize", [x, "", onnx.floats(Float32Array.of(1, 1, ...factor), [4])], {
      mode: "nearest",
      nearest_mode: "floor",
      coordinate_transformation_mode: "asymmetric",
    }),
  samples: [{ shapes: [[2, 3, 2, 3]], attributes: { factor: [2, 3] } }],
});

/** Every pixel repeated factor[0] x factor[1] times. */
export const upsample2d = (x: Value, factor: number | readonly [number, number]): Value =>
  apply(upsample2dOp, [x], { factor: both(factor) });

const poolSamples: { shapes: number[][]; attributes: Pool }[] = [
  { shapes: [[2, 3, 6, 4]], attributes: settings({ kernel: 2 }) },
  { shapes: [[2, 3, 7, 5]], attributes: settings({ kernel: 2 }) },
  { shapes: [[1, 2, 7, 8]], attributes: settings({ kernel: 3, stride: 2, padding: 1 }) },
];

export const avgPool2dOp = defineOp<Pool>({
  name: "avgPool2d",
  infer: ([x], pool) => {
    expectFloat("avgPool2d", x);
    expectRank("avgPool2d", "input", x, 4);
    return { dtype: "float32", shape: pooled("avgPool2d", x.shape, pool) };
  },
  vjp: (dy, { inputs: [x], attributes: { kernel, stride, padding } }) => {
    const share = mul(dy, 1 / (kernel[0] * kernel[1]));
    const [, c, h, w] = sizes(x.shape, 4);
    if (kernel.every((k, a) => k === stride[a] && padding[a] === 0)) {
      const up = upsample2d(share, kernel);
      return [pad(up, [0, 0, 0, 0], [0, 0, h - up.shape[2]!, w - up.shape[3]!])];
    }
    // Overlapping windows: the transpose of a depthwise convolution with ones.
    const reached = ([0, 1] as const).map((a) => (dy.shape[2 + a]! - 1) * stride[a] - 2 * padding[a] + kernel[a]);
    const outputPadding = [h - reached[0]!, w - reached[1]!] as const;
    return [convTranspose2d(share, splat(1, [c, 1, ...kernel]), { stride, padding, groups: c, outputPadding })];
  },
  lower: (onnx, [x], { attributes }) =>
    onnx.node("AveragePool", [x], { ...onnxAttributes(attributes), count_include_pad: 1 }),
  samples: poolSamples,
});

/** Mean over windows; padding zeros count as elements (as PyTorch's default). */
export const avgPool2d = (x: Value, options: PoolOptions): Value => apply(avgPool2dOp, [x], settings(options));

export const maxPool2dOp = defineOp<Pool>({
  name: "maxPool2d",
  infer: ([x], pool) => {
    expectFloat("maxPool2d", x);
    expectRank("maxPool2d", "input", x, 4);
    if (pool.padding.some((p, a) => 2 * p > pool.kernel[a]!))
      throw shapeError("maxPool2d", `padding [${pool.padding}] exceeds half the window [${pool.kernel}]`);
    return { dtype: "float32", shape: pooled("maxPool2d", x.shape, pool) };
  },
  // The first largest element of a window (row by row) takes the cotangent. The places in the window are visited one by
  // one: `free` marks the windows whose largest element has not been met yet.
  vjp: (dy, { inputs: [x], y, attributes: { kernel, stride, padding } }) => {
    const [, , h, w] = sizes(x.shape, 4);
    const [, , ho, wo] = sizes(y.shape, 4);
    const spread = [(ho - 1) * stride[0] + 1, (wo - 1) * stride[1] + 1] as const;
    const extent = [
      Math.max(h + 2 * padding[0], spread[0] + kernel[0] - 1),
      Math.max(w + 2 * padding[1], spread[1] + kernel[1] - 1),
    ] as const;
    // Outside the image lies minus infinity, here 1e30 below: shift up, pad with zeros, shift down.
    const far = 1e30;
    const edge = padding[0] + padding[1] > 0;
    const inside = edge
      ? pad(
          splat(1, [1, 1, h, w]),
          [0, 0, padding[0], padding[1]],
          [0, 0, extent[0] - h - padding[0], extent[1] - w - padding[1]],
        )
      : undefined;
    const padded = pad(
      x,
      [0, 0, padding[0], padding[1]],
      [0, 0, extent[0] - h - padding[0], extent[1] - w - padding[1]],
    );
    const image = inside ? sub(padded, mul(sub(1, inside), far)) : padded;
    let free: Value | undefined;
    let dx: Value = zeros([x.shape[0]!, x.shape[1]!, ...extent]);
    for (let i = 0; i < kernel[0]; i++) {
      for (let j = 0; j < kernel[1]; j++) {
        const seen = slice(slice(image, 2, i, i + spread[0], stride[0]), 3, j, j + spread[1], stride[1]);
        const hit = equal(seen, y);
        const taken = free ? mul(hit, free) : hit;
        free = free ? sub(free, taken) : sub(1, hit);
        const apart = dilate(dilate(mul(dy, taken), 2, stride[0]), 3, stride[1]);
        const placed = pad(apart, [0, 0, i, j], [0, 0, extent[0] - i - spread[0], extent[1] - j - spread[1]]);
        dx = add(dx, placed);
      }
    }
    return [slice(slice(dx, 2, padding[0], padding[0] + h), 3, padding[1], padding[1] + w)];
  },
  lower: (onnx, [x], { attributes }) => onnx.node("MaxPool", [x], onnxAttributes(attributes)),
  samples: poolSamples,
});

/** Largest element of each window; padding never wins. */
export const maxPool2d = (x: Value, options: PoolOptions): Value => apply(maxPool2dOp, [x], settings(options));

/** Mean over H and W: [N,C,H,W] -> [N,C]. */
export const globalAvgPool = (x: Value): Value => reshape(mean(x, [2, 3], true), x.shape.slice(0, 2));

export const poolingOps = [upsample2dOp, avgPool2dOp, maxPool2dOp];
