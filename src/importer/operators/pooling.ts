// Pools over windows and over whole images, and enlarging.
import { avgPool2d, div, maxPool2d, mean, reduceMax, splat, upsample2d } from "../../autodiff/index.ts";
import { isKnown } from "../known.ts";
import { type Call, given, lacking, numbers, type Operator, ofValue, scalar, valueAt, word } from "../operator.ts";
import { evenPadding, padded, paddedBelow, windowsOf } from "../windows.ts";

/** Every axis behind the channels. */
const placesOf = (shape: readonly number[]): number[] => shape.flatMap((_, i) => (i < 2 ? [] : [i]));

/** The place along an axis of `size` pixels that each of its `factor` times as many shows, before it is rounded. */
type Place = (at: number, size: number, factor: number) => number;

const centres: Place = (at, _, factor) => (at + 0.5) / factor - 0.5;

/** By the words of Resize; that of a part of the image alone is left out. */
const placements: Readonly<Record<string, Place>> = {
  asymmetric: (at, _, factor) => at / factor,
  half_pixel: centres,
  half_pixel_symmetric: centres,
  pytorch_half_pixel: (at, size, factor) => (size * factor > 1 ? centres(at, size, factor) : 0),
  tf_half_pixel_for_nn: (at, _, factor) => (at + 0.5) / factor,
  align_corners: (at, size, factor) => (size * factor > 1 ? (at * (size - 1)) / (size * factor - 1) : 0),
};

const roundings: Readonly<Record<string, (place: number) => number>> = {
  round_prefer_floor: (place) => Math.ceil(place - 0.5),
  round_prefer_ceil: (place) => Math.floor(place + 0.5),
  floor: Math.floor,
  ceil: Math.ceil,
};

/** The words of a node for its places and their rounding: up to opset 10 there are none. */
const wordsOf = (call: Call): readonly [place: string, rounding: string] =>
  call.opset < 11
    ? ["asymmetric", "floor"]
    : [word(call, "coordinate_transformation_mode", "half_pixel"), word(call, "nearest_mode", "round_prefer_floor")];

/** True where every pixel of an axis is shown `factor` times, one after the other. */
const repeats = (call: Call, size: number, factor: number): boolean => {
  const [place, rounding] = wordsOf(call);
  const [placed, rounded] = [placements[place], roundings[rounding]];
  if (placed === undefined || rounded === undefined) return false;
  return Array.from({ length: size * factor }, (_, at) => {
    const seen = Math.min(size - 1, Math.max(0, rounded(placed(at, size, factor))));
    return seen === Math.floor(at / factor);
  }).every(Boolean);
};

/** Enlarges by whole numbers, every pixel repeated. */
const enlarged = (call: Call, factors: readonly number[]) => {
  const x = valueAt(call, 0);
  const [n, c, ...sides] = factors;
  const mode = word(call, "mode", "nearest");
  const whole = factors.length === 4 && n === 1 && c === 1 && sides.every((f) => Number.isInteger(f) && f > 0);
  const { axes, keep_aspect_ratio_policy: policy = "stretch" } = call.node.attributes;
  const plain = x.shape.length === 4 && axes === undefined && policy === "stretch";
  if (mode !== "nearest" || !whole || !plain) return lacking(call, `with mode ${mode} by [${factors}]`);
  if (!sides.every((factor, i) => repeats(call, x.shape[2 + i]!, factor)))
    return lacking(call, `with ${wordsOf(call).join(" and ")} by [${factors}]`);
  return upsample2d(x, sides as [number, number]);
};

export const pooling: readonly Operator[] = [
  ofValue("MaxPool", (x, call) => {
    const windows = windowsOf(call, x);
    if (windows.dilation.some((d) => d !== 1)) return lacking(call, "with dilations");
    const { kernel, stride } = windows;
    const padding = evenPadding(windows);
    return padding?.every((p, a) => 2 * p <= kernel[a]!)
      ? maxPool2d(x, { kernel, stride, padding })
      : maxPool2d(paddedBelow(x, windows), { kernel, stride });
  }),
  ofValue("AveragePool", (x, call) => {
    const windows = windowsOf(call, x);
    if (windows.dilation.some((d) => d !== 1)) return lacking(call, "with dilations");
    const { kernel, stride } = windows;
    const padding = evenPadding(windows);
    const none = padding?.every((p) => p === 0) === true;
    const counts = scalar(call, "count_include_pad", 0) === 1;
    const cut = scalar(call, "ceil_mode", 0) === 1;
    if (padding && (none || (counts && !cut))) return avgPool2d(x, { kernel, stride, padding });
    // Sums by the number of places that count: those of the image, or of its padding as well.
    const [, , height, width] = x.shape as [number, number, number, number];
    const pads = counts ? ((call.node.attributes.pads as readonly number[] | undefined) ?? [0, 0, 0, 0]) : [0, 0, 0, 0];
    const counted = splat(1, [1, 1, height + pads[0]! + pads[2]!, width + pads[1]! + pads[3]!]);
    const { low, high } = windows;
    const beyond = {
      low: [low[0] - pads[0]!, low[1] - pads[1]!],
      high: [high[0] - pads[2]!, high[1] - pads[3]!],
    } as const;
    return div(
      avgPool2d(padded(x, windows), { kernel, stride }),
      avgPool2d(padded(counted, beyond), { kernel, stride }),
    );
  }),
  ofValue("GlobalAveragePool", (x) => mean(x, placesOf(x.shape), true)),
  ofValue("GlobalMaxPool", (x) => reduceMax(x, placesOf(x.shape), true)),
  {
    name: "Upsample",
    read: (call) =>
      enlarged(call, (call.node.attributes.scales as readonly number[] | undefined) ?? numbers(call, 1) ?? []),
  },
  {
    name: "Resize",
    read: (call) => {
      const x = given(call, 0);
      // Opset 10 has scales in the second place; later ones a region of interest, and sizes as another way.
      const scales = numbers(call, call.opset < 11 ? 1 : 2);
      const sizes = call.opset < 11 ? undefined : numbers(call, 3);
      const factors = sizes?.length ? sizes.map((s, i) => s / x.shape[i]!) : (scales ?? []);
      if (isKnown(x)) return lacking(call, "of numbers");
      return enlarged(call, factors);
    },
  },
];
