import fc from "fast-check";
import {
  add,
  avgPool2d,
  channelAffine,
  channelDot,
  channelSum,
  constant,
  conv2d,
  div,
  float32,
  globalAvgPool,
  gradients,
  matmul,
  maxPool2d,
  mul,
  reduceSum,
  relu,
  sizeOf,
  sqrt,
  sub,
  type TensorType,
  type Traced,
  tensor,
  trace,
  type Value,
} from "../../src/autodiff/index.ts";

/** One layer of a random network. Channel counts are b times `width` plus `odd` channels that fill no block. */
export interface Layer {
  readonly kind: "conv" | "depthwise";
  readonly width: 1 | 2 | 3;
  readonly odd: 0 | 5;
  readonly kernel: 1 | 2 | 3;
  readonly stride: 1 | 2;
  readonly padding: 0 | 1 | 2;
  readonly bias: boolean;
  readonly norm: "batch" | "fixed" | "none";
  readonly relu: boolean;
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
  kind: fc.constantFrom("conv", "conv", "depthwise"),
  width: fc.constantFrom(1, 2, 3),
  odd: fc.constantFrom(0, 0, 0, 5),
  kernel: fc.constantFrom(1, 2, 3),
  stride: fc.constantFrom(1, 1, 2),
  padding: fc.constantFrom(0, 1, 1, 2),
  bias: fc.boolean(),
  norm: fc.constantFrom("batch", "fixed", "none"),
  relu: fc.boolean(),
  skip: fc.boolean(),
  pool: fc.constantFrom("average", "max", "none", "none"),
});

export const network = (b: number): fc.Arbitrary<Network> =>
  fc.record({
    batch: fc.integer({ min: 1, max: 3 }),
    channels: fc.constantFrom(1, 3, 7, b, 2 * b),
    height: fc.integer({ min: 5, max: 12 }),
    width: fc.constantFrom(6, 7, 8, 12, b),
    layers: fc.array(layer, { minLength: 1, maxLength: 4 }),
    head: fc.constantFrom("pooled", "sum"),
  });

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
  const used: (Layer & { name: string; out: number })[] = [];
  for (const [i, l] of layers.entries()) {
    const fitsKernel = Math.min(shape[2], shape[3]) + 2 * l.padding >= l.kernel;
    if (!fitsKernel) continue;
    const out = l.kind === "depthwise" ? shape[1] : b * l.width + l.odd;
    const name = `l${i}`;
    types[`${name}.w`] = float32(out, l.kind === "depthwise" ? 1 : shape[1], l.kernel, l.kernel);
    if (l.bias) types[`${name}.b`] = float32(out);
    if (l.norm !== "none") Object.assign(types, { [`${name}.s`]: float32(out), [`${name}.t`]: float32(out) });
    const size = (n: number): number => Math.floor((n + 2 * l.padding - l.kernel) / l.stride) + 1;
    shape = [batch, out, size(shape[2]), size(shape[3])];
    const pooled = l.pool !== "none" && Math.min(shape[2], shape[3]) >= 2;
    if (pooled) shape = [batch, out, Math.floor(shape[2] / 2), Math.floor(shape[3] / 2)];
    used.push({ ...l, name, out, pool: pooled ? l.pool : "none" });
  }
  if (head === "pooled") types.fc = float32(4, shape[1]);
  return trace({ state: types, feeds: { image: float32(batch, channels, height, width) } }, ({ state: p, feeds }) => {
    let x = feeds.image;
    for (const l of used) {
      const groups = l.kind === "depthwise" ? l.out : 1;
      const settings = { stride: l.stride, padding: l.padding, groups };
      const z = conv2d(x, p[`${l.name}.w`]!, p[`${l.name}.b`], settings);
      const [s, t] = [p[`${l.name}.s`], p[`${l.name}.t`]];
      const n = l.norm === "batch" ? normalised(z, s!, t!) : l.norm === "fixed" ? channelAffine(z, s!, t!) : z;
      const summed = l.skip && String(n.shape) === String(x.shape) ? add(n, x) : n;
      const active = l.relu ? relu(summed) : summed;
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
