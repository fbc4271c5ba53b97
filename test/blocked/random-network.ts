import fc from "fast-check";
import {
  add,
  avgPool2d,
  channelAffine,
  channelDot,
  channelSum,
  concat,
  constant,
  conv2d,
  div,
  float32,
  globalAvgPool,
  gradients,
  matmul,
  maxPool2d,
  mean,
  mul,
  reduceSum,
  relu,
  relu6,
  reshape,
  sigmoid,
  silu,
  sizeOf,
  slice,
  sqrt,
  sub,
  type TensorType,
  type Traced,
  tensor,
  trace,
  transpose,
  type Value,
} from "../../src/autodiff/index.ts";

/**
 * One layer of a random network. Channel counts are b times `width` plus `odd` channels that fill no block. A shuffle convolves
 * the second half of the channels and joins both halves in turns.
 */
export interface Layer {
  readonly kind: "conv" | "depthwise" | "grouped" | "shuffle";
  readonly width: 1 | 2 | 3;
  readonly odd: 0 | 2 | 5 | 12 | 14;
  readonly kernel: 1 | 2 | 3;
  readonly stride: 1 | 2;
  readonly padding: 0 | 1 | 2;
  readonly bias: boolean;
  readonly norm: "batch" | "fixed" | "none";
  readonly activation: "relu" | "relu6" | "none";
  /** A gate of each channel's mean, as squeeze-and-excitation has, and SiLU. */
  readonly gate: boolean;
  readonly skip: boolean;
  readonly pool: "average" | "max" | "none";
}

export interface Network {
  readonly batch: number;
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  readonly layers: readonly Layer[];
  readonly head: "pooled" | "sum";
}

const layer: fc.Arbitrary<Layer> = fc.record({
  kind: fc.constantFrom("conv", "conv", "depthwise", "grouped", "shuffle"),
  width: fc.constantFrom(1, 2, 3),
  odd: fc.constantFrom(0, 0, 2, 5, 12, 14),
  kernel: fc.constantFrom(1, 2, 3),
  stride: fc.constantFrom(1, 1, 2),
  padding: fc.constantFrom(0, 1, 1, 2),
  bias: fc.boolean(),
  norm: fc.constantFrom("batch", "fixed", "none"),
  activation: fc.constantFrom("relu", "relu6", "none"),
  gate: fc.boolean(),
  skip: fc.boolean(),
  pool: fc.constantFrom("average", "max", "none", "none"),
});

export const network = (b: number): fc.Arbitrary<Network> =>
  fc.record({
    batch: fc.integer({ min: 1, max: 3 }),
    channels: fc.constantFrom(1, 3, 7, b, b + 12, 2 * b),
    height: fc.integer({ min: 5, max: 12 }),
    width: fc.constantFrom(6, 7, 8, 12, b),
    layers: fc.array(layer, { minLength: 1, maxLength: 4 }),
    head: fc.constantFrom("pooled", "sum"),
  });

/** Whether a layer's result is as large as its image. */
const keepsSize = ({ kernel, stride, padding }: Layer): boolean => stride === 1 && kernel === 2 * padding + 1;

const activations = { relu, relu6, none: (x: Value): Value => x } as const;

/** Channels of a and b in turns. */
const inTurns = (a: Value, b: Value): Value => {
  const [n, c, h, w] = a.shape as [number, number, number, number];
  const apart = reshape(concat([a, b], 1), [n, 2, c, h, w]);
  return reshape(transpose(apart, [0, 2, 1, 3, 4]), [n, 2 * c, h, w]);
};

/** Batch norm with its gradient through the statistics, but well away from division by a small variance. */
const normalised = (z: Value, scale: Value, shift: Value): Value => {
  const count = sizeOf(z.shape) / z.shape[1]!;
  const mean = mul(channelSum(z), 1 / count);
  const variance = sub(mul(channelDot(z, z), 1 / count), mul(mean, mean));
  const a = div(scale, sqrt(add(variance, 0.5)));
  return channelAffine(z, a, sub(shift, mul(mean, a)));
};

/** The network's loss and its gradients with respect to the image and every parameter, which are also squared as state. */
export const traceNetwork = (
  { batch, channels, height, width, layers, head }: Network,
  b: number,
): Traced<
  { state: Record<string, TensorType>; feeds: { image: TensorType } },
  { state: Record<string, TensorType>; fetches: { loss: TensorType; image: TensorType } }
> => {
  const types: Record<string, TensorType> = {};
  let shape = [batch, channels, height, width] as [number, number, number, number];
  const used: (Layer & { name: string; groups: number; shuffles: boolean })[] = [];
  for (const [i, l] of layers.entries()) {
    const fitsKernel = Math.min(shape[2], shape[3]) + 2 * l.padding >= l.kernel;
    if (!fitsKernel) continue;
    const shuffles = l.kind === "shuffle" && shape[1] % 2 === 0 && keepsSize(l);
    const grouped = l.kind === "grouped" && shape[1] % 2 === 0 && (b * l.width + l.odd) % 2 === 0;
    const groups = l.kind === "depthwise" ? shape[1] : grouped ? 2 : 1;
    const from = shuffles ? shape[1] / 2 : shape[1];
    const out = l.kind === "depthwise" || shuffles ? from : b * l.width + l.odd;
    const name = `l${i}`;
    types[`${name}.w`] = float32(out, from / groups, l.kernel, l.kernel);
    if (l.bias) types[`${name}.b`] = float32(out);
    if (l.norm !== "none") Object.assign(types, { [`${name}.s`]: float32(out), [`${name}.t`]: float32(out) });
    const size = (n: number): number => Math.floor((n + 2 * l.padding - l.kernel) / l.stride) + 1;
    const joined = shuffles ? 2 * out : out;
    shape = [batch, joined, size(shape[2]), size(shape[3])];
    const pooled = l.pool !== "none" && Math.min(shape[2], shape[3]) >= 2;
    if (pooled) shape = [batch, joined, Math.floor(shape[2] / 2), Math.floor(shape[3] / 2)];
    used.push({ ...l, name, groups, shuffles, pool: pooled ? l.pool : "none" });
  }
  if (head === "pooled") types.fc = float32(4, shape[1]);
  return trace({ state: types, feeds: { image: float32(batch, channels, height, width) } }, ({ state: p, feeds }) => {
    let x = feeds.image;
    for (const l of used) {
      const settings = { stride: l.stride, padding: l.padding, groups: l.groups };
      const half = x.shape[1]! / 2;
      const z = conv2d(l.shuffles ? slice(x, 1, half, 2 * half) : x, p[`${l.name}.w`]!, p[`${l.name}.b`], settings);
      const [given, t] = [p[`${l.name}.s`], p[`${l.name}.t`]];
      // So large that both bounds of ReLU6 are met.
      const s = given && l.activation === "relu6" ? mul(given, 4) : given;
      const n = l.norm === "batch" ? normalised(z, s!, t!) : l.norm === "fixed" ? channelAffine(z, s!, t!) : z;
      const summed = !l.shuffles && l.skip && String(n.shape) === String(x.shape) ? add(n, x) : n;
      const kinked = activations[l.activation](summed);
      const worked = l.gate ? mul(silu(kinked), sigmoid(mean(kinked, [2, 3], true))) : kinked;
      const active = l.shuffles ? inTurns(slice(x, 1, 0, half), worked) : worked;
      x = l.pool === "average" ? avgPool2d(active, { kernel: 2 }) : active;
      x = l.pool === "max" ? maxPool2d(active, { kernel: 2 }) : x;
    }
    // Without weights that differ from place to place, batch norm would leave nothing of many gradients but rounding.
    const [h, w] = x.shape.slice(2) as [number, number];
    const ramp = Float32Array.from({ length: h * w }, (_, i) => 0.5 + ((7 * i) % (h * w)) / (h * w));
    const uneven = mul(x, constant(tensor(ramp, [1, 1, h, w])));
    const out = head === "pooled" ? matmul(globalAvgPool(uneven), p.fc!, { transposeB: true }) : uneven;
    const loss = mul(reduceSum(mul(out, out)), 1 / sizeOf(out.shape));
    const { image, ...dp } = gradients(loss, { ...p, image: feeds.image });
    // What an optimiser does: arithmetic of a parameter and its gradient, kept as the next state.
    const state = Object.fromEntries(
      Object.entries(p).map(([name, v]) => [name, sub(mul(v, 0.9), mul((dp as Record<string, Value>)[name]!, 0.5))]),
    );
    return { state, fetches: { loss, image: image! } };
  }) as never;
};
