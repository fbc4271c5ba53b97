// Windows of convolutions and pools: kernel, stride, dilation and padding of a node.
import { add, mul, pad, splat, sub, type Value } from "../autodiff/index.ts";
import { type Call, ints, lacking, scalar, word } from "./operator.ts";

type Pair = readonly [number, number];

export interface Windows {
  readonly kernel: Pair;
  readonly stride: Pair;
  readonly dilation: Pair;
  /** Places before and after, [rows, columns]. */
  readonly low: Pair;
  readonly high: Pair;
}

const pairOf = (call: Call, name: string, otherwise: Pair): Pair => {
  const [rows, columns, ...more] = ints(call, name) ?? otherwise;
  if (rows === undefined || columns === undefined || more.length > 0)
    return lacking(call, `with ${name} of other than two axes`);
  return [rows, columns];
};

/** Places that a window covers. */
const reach = (kernel: number, dilation: number): number => dilation * (kernel - 1) + 1;

/**
 * Windows over images [N, C, H, W]. Where windows may be cut (ceil_mode), there are places more after the image, as far as
 * a last window that begins inside needs them.
 */
export const windowsOf = (call: Call, x: Value, kernelShape?: readonly number[]): Windows => {
  if (x.shape.length !== 4) return lacking(call, `of images with ${x.shape.length - 2} axes`);
  const kernel = pairOf(call, "kernel_shape", [kernelShape?.[0] ?? 1, kernelShape?.[1] ?? 1]);
  const [stride, dilation] = [pairOf(call, "strides", [1, 1]), pairOf(call, "dilations", [1, 1])];
  const pads = ints(call, "pads") ?? [0, 0, 0, 0];
  const same = word(call, "auto_pad", "NOTSET");
  const around = ([0, 1] as const).map((a): Pair => {
    const [size, span] = [x.shape[2 + a]!, reach(kernel[a], dilation[a])];
    if (same.startsWith("SAME")) {
      const total = Math.max(0, (Math.ceil(size / stride[a]) - 1) * stride[a] + span - size);
      const less = Math.floor(total / 2);
      return same === "SAME_UPPER" ? [less, total - less] : [total - less, less];
    }
    const [low, high] = same === "VALID" ? [0, 0] : [pads[a]!, pads[2 + a]!];
    if (scalar(call, "ceil_mode", 0) === 0) return [low, high];
    const steps = Math.ceil((size + low + high - span) / stride[a]);
    const last = steps * stride[a] >= size + low ? steps - 1 : steps;
    return [low, Math.max(high, last * stride[a] + span - size - low)];
  });
  const [rows, columns] = around as [Pair, Pair];
  return { kernel, stride, dilation, low: [rows[0], columns[0]], high: [rows[1], columns[1]] };
};

/** The padding where it is alike on both sides. */
export const evenPadding = ({ low, high }: Windows): Pair | undefined =>
  low[0] === high[0] && low[1] === high[1] ? low : undefined;

/** Zeros around images. */
export const padded = (x: Value, { low, high }: Pick<Windows, "low" | "high">): Value =>
  pad(x, [0, 0, ...low], [0, 0, ...high]);

/** Far below any number around images: no window's largest is there. */
export const paddedBelow = (x: Value, around: Windows): Value => {
  const inside = padded(splat(1, [1, 1, ...x.shape.slice(2)]), around);
  return add(padded(x, around), mul(sub(inside, 1), 1e30));
};
