// Rules that merge affines of channels, and fold them and other factors into convolutions.
import { channelAffine, channelAffineOp } from "../ops/channel.ts";
import { conv2d, conv2dOp, imageGradientOp } from "../ops/convolution/convolution.ts";
import { add, addOp, mul, mulOp } from "../ops/elementwise.ts";
import { splatValue } from "../ops/leaves.ts";
import { reshape } from "../ops/movement.ts";
import { broadcastToOp } from "../ops/reduce.ts";
import { sameShape, sizeOf } from "../types.ts";
import { apply, isOf, type Value } from "../value.ts";
import { on, type Rewrite } from "./rewrite.ts";

/** If x adds the same number to every element of a channel: those numbers, [C]. */
const perChannel = (x: Value, channels: number): Value | undefined => {
  const small = x.op === broadcastToOp ? x.inputs[0]! : x;
  const { shape } = small;
  const fits = shape.length === 4 ? shape[0] === 1 : shape.length === 3;
  return fits && shape.at(-3) === channels && shape.at(-2) === 1 && shape.at(-1) === 1
    ? reshape(small, [channels])
    : undefined;
};

/** The terms of a sum, looking through additions that nothing else uses and that do not broadcast. */
const termsOf = (v: Value, usesOf: (v: Value) => number, root = true): Value[] =>
  v.op === addOp && (root || usesOf(v) === 1) ? v.inputs.flatMap((x) => termsOf(x, usesOf, false)) : [v];

export const channelRules: readonly Rewrite[] = [
  // s2 (s1 x + t1) + t2 = (s1 s2) x + (s2 t1 + t2)
  on(channelAffineOp, "affine of an affine", (v, usesOf) => {
    const [inner, scale, shift] = v.inputs;
    if (!isOf(inner, channelAffineOp) || usesOf(inner) > 1) return undefined;
    const [x, s, t] = inner.inputs;
    return channelAffine(x, mul(s, scale), add(mul(t, scale), shift));
  }),
  // s (w * x + b) + t = (s w) * x + (s b + t): batch norm with fixed statistics disappears into its convolution
  on(channelAffineOp, "affine into its convolution", (v, usesOf) => {
    const [conv, scale, shift] = v.inputs;
    if (!isOf(conv, conv2dOp) || usesOf(conv) > 1) return undefined;
    const [x, w, bias] = conv.inputs;
    const k = w.shape[0]!;
    const { stride, padding, dilation, groups } = conv.attributes;
    return conv2d(x, mul(w, reshape(scale, [k, 1, 1, 1])), bias ? add(mul(bias, scale), shift) : shift, {
      stride,
      padding,
      dilation,
      groups,
    });
  }),
  // w^T * (s dy) = (s w)^T * dy: and out of its gradient, where the forward pass has s w already
  on(imageGradientOp, "affine into its image gradient", (v, usesOf) => {
    const [affine, w] = v.inputs;
    if (!isOf(affine, channelAffineOp) || usesOf(affine) > 1 || splatValue(affine.inputs[2]) !== 0) return undefined;
    const [dy, scale] = affine.inputs;
    return apply(imageGradientOp, [dy, mul(w, reshape(scale, [w.shape[0]!, 1, 1, 1]))], v.attributes);
  }),
  // c (w^T * dy) = (c w)^T * dy, such as the share of each place that an average pool takes.
  on(mulOp, "number into an image gradient", (v, usesOf) => {
    const [x, by] = splatValue(v.inputs[1]) === undefined ? [v.inputs[1], v.inputs[0]] : v.inputs;
    const c = splatValue(by);
    if (c === undefined || !isOf(x, imageGradientOp) || usesOf(x) > 1 || !sameShape(x.shape, v.shape)) return undefined;
    const [dy, w] = x.inputs;
    return sizeOf(w.shape) < sizeOf(x.shape) ? apply(imageGradientOp, [dy, mul(w, c)], x.attributes) : undefined;
  }),
  // Affines of the same tensor merge, and per-channel terms join an affine's shift: batch norm's gradient in two affines.
  on(addOp, "sums of affines", (v, usesOf) => {
    const terms = termsOf(v, usesOf);
    // An affine smaller than the sum would lose a broadcast that a per-channel term stands for.
    const affine = terms.filter((t) => isOf(t, channelAffineOp)).find((t) => sameShape(t.shape, v.shape));
    if (affine === undefined) return undefined;
    let [x, scale, shift] = affine.inputs;
    const rest = terms.filter((t) => {
      if (t === affine) return false;
      if (isOf(t, channelAffineOp) && t.inputs[0] === x && usesOf(t) === 1) {
        scale = add(scale, t.inputs[1]);
        shift = add(shift, t.inputs[2]);
        return false;
      }
      const channel = perChannel(t, x.shape[1]!);
      if (channel === undefined) return true;
      shift = add(shift, channel);
      return false;
    });
    if (rest.length === terms.length - 1 || usesOf(affine) > 1) return undefined;
    const merged = channelAffine(x, scale, shift);
    return rest.reduce((sum, t) => add(sum, t), merged);
  }),
];
