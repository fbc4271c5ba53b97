// Normalisation layers.
import { add, channelAffine, div, mean, mul, reshape, sizeOf, sqrt, sub, type Value } from "../../autodiff/index.ts";
import type { ParameterSpec } from "../../nn/init.ts";
import { type Call, fromFront, type Operator, ofValue, scalar, valueAt, type Weighed } from "../operator.ts";

/** Scales start as 1, shifts as 0. */
const scaleAndShift = ({ shape }: Weighed): Readonly<Record<number, ParameterSpec["start"]>> => ({
  ...(shape(1) && { 1: { kind: "fill", value: 1 } }),
  ...(shape(2) && { 2: { kind: "fill", value: 0 } }),
});

const epsilonOf = (call: Call): number => scalar(call, "epsilon", 1e-5);

/** x by its own mean and biased variance over some axes. */
const standardised = (x: Value, axes: readonly number[], epsilon: number): Value => {
  const centred = sub(x, mean(x, axes, true));
  return div(centred, sqrt(add(mean(mul(centred, centred), axes, true), epsilon)));
};

const axesFrom = (x: Value, first: number): number[] => x.shape.flatMap((_, i) => (i < first ? [] : [i]));

/** [C] beside x [N, C, ...]. */
const byChannel = (list: Value, x: Value): Value =>
  reshape(
    list,
    x.shape.map((_, i) => (i === 1 ? list.shape[0]! : 1)),
  );

const affine = (call: Call, x: Value, of: (list: Value) => Value): Value => {
  const scaled = call.inputs[1] === undefined ? x : mul(x, of(valueAt(call, 1)));
  return call.inputs[2] === undefined ? scaled : add(scaled, of(valueAt(call, 2)));
};

export const normalisation: readonly Operator[] = [
  // A layer's four lists are its own parameters and statistics, which network.ts names.
  ofValue("BatchNormalization", (x, call) => {
    const [n, c, ...places] = x.shape as [number, number, ...number[]];
    const image = [n, c, places[0] ?? 1, sizeOf(places.slice(1))];
    const [flat, { layer }] = [reshape(x, image), call];
    if (layer !== undefined) return reshape(call.normalise(flat, layer, epsilonOf(call)), x.shape);
    const [weight, bias, centre, variance] = [1, 2, 3, 4].map((i) => valueAt(call, i)) as [Value, Value, Value, Value];
    const scale = div(weight, sqrt(add(variance, epsilonOf(call))));
    return reshape(channelAffine(flat, scale, sub(bias, mul(centre, scale))), x.shape);
  }),
  {
    name: "InstanceNormalization",
    learns: scaleAndShift,
    read: (call) => {
      const x = valueAt(call, 0);
      return affine(call, standardised(x, axesFrom(x, 2), epsilonOf(call)), (list) => byChannel(list, x));
    },
  },
  {
    name: "LayerNormalization",
    learns: scaleAndShift,
    read: (call) => {
      const x = valueAt(call, 0);
      const [first] = fromFront([scalar(call, "axis", -1)], x.shape.length);
      return affine(call, standardised(x, axesFrom(x, first!), epsilonOf(call)), (list) => list);
    },
  },
  {
    name: "GroupNormalization",
    learns: scaleAndShift,
    read: (call) => {
      const x = valueAt(call, 0);
      const groups = scalar(call, "num_groups", 1);
      const [n, c, ...places] = x.shape as [number, number, ...number[]];
      const grouped = reshape(x, [n, groups, (c / groups) * sizeOf(places)]);
      const y = standardised(grouped, [2], epsilonOf(call));
      // Up to opset 20 scales and shifts are a group's, later a channel's.
      if (call.opset < 21)
        return reshape(
          affine(call, y, (list) => byChannel(list, y)),
          x.shape,
        );
      return affine(call, reshape(y, x.shape), (list) => byChannel(list, x));
    },
  },
];
