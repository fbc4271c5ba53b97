// Scaling, shifting and summing by channel: the operators of normalisation layers.
import { expectFloat, expectShape, shapeError } from "../shapes.ts";
import { apply, defineOp, type NoAttributes, type Value } from "../value.ts";
import { mul } from "./elementwise.ts";
import { zeros } from "./leaves.ts";
import { lowerSum, reduceSum } from "./reduce.ts";

/**
 * Per-channel arithmetic on [N, C, H, W], the stuff of normalisation layers. The two operators are each other's
 * derivatives, so normalisation of any kind differentiates, to any order, into a handful of whole passes over the data.
 */

export const channelAffineOp = defineOp<NoAttributes, readonly [x: Value, scale: Value, shift: Value]>({
  name: "channelAffine",
  infer: ([x, scale, shift]) => {
    expectFloat("channelAffine", x, scale, shift);
    if (x.shape.length !== 4) throw shapeError("channelAffine", `x must be [N,C,H,W], got [${x.shape}]`);
    expectShape("channelAffine", "scale", scale, [x.shape[1]!]);
    expectShape("channelAffine", "shift", shift, [x.shape[1]!]);
    return x;
  },
  vjp: (dy, { inputs: [x, scale, shift] }) => [
    channelAffine(dy, scale, zeros(shift.shape)),
    channelDot(dy, x),
    channelSum(dy),
  ],
  // Inference-mode batch normalisation with mean 0 and variance 1 is the one-pass affine of ONNX.
  lower: (onnx, [x, scale, shift], { inputs: [, type] }) =>
    onnx.node("BatchNormalization", [x, scale, shift, onnx.fill(0, type.shape), onnx.fill(1, type.shape)], {
      epsilon: { float: 0 },
    }),
  samples: [{ shapes: [[2, 3, 4, 5], [3], [3]] }],
});

/** x * scale + shift with scale and shift of shape [C]. */
export const channelAffine = (x: Value, scale: Value, shift: Value): Value =>
  apply(channelAffineOp, [x, scale, shift], {});

export const channelDotOp = defineOp<NoAttributes, readonly [a: Value, b: Value]>({
  name: "channelDot",
  infer: ([a, b]) => {
    expectFloat("channelDot", a, b);
    if (a.shape.length !== 4) throw shapeError("channelDot", `a must be [N,C,H,W], got [${a.shape}]`);
    expectShape("channelDot", "b", b, a.shape);
    return { dtype: "float32", shape: [a.shape[1]!] };
  },
  // d(a.a) = 2 a da in one pass instead of two.
  vjp: (ds, { inputs: [a, b] }) => {
    const none = zeros(ds.shape);
    return a === b
      ? [channelAffine(a, mul(ds, 2), none), undefined]
      : [channelAffine(b, ds, none), channelAffine(a, ds, none)];
  },
  lower: (onnx, [a, b]) => {
    const over = { axes: [0, 2, 3], keepDims: false };
    return a === b
      ? lowerSum(onnx, "ReduceSumSquare", a, over)
      : lowerSum(onnx, "ReduceSum", onnx.node("Mul", [a, b]), over);
  },
  samples: [
    {
      shapes: [
        [2, 3, 4, 5],
        [2, 3, 4, 5],
      ],
    },
  ],
});

/** Sum over N, H, W of a * b, for a and b of shape [N, C, H, W]; result [C]. */
export const channelDot = (a: Value, b: Value): Value => apply(channelDotOp, [a, b], {});

/** Sum over N, H, W of x [N, C, H, W]; result [C]. */
export const channelSum = (x: Value): Value => reduceSum(x, [0, 2, 3]);

export const channelOps = [channelAffineOp, channelDotOp];
