import fc from "fast-check";
import { expect, test } from "vitest";
import * as ad from "../../../src/autodiff/index.ts";
import { stream } from "../../../src/support/random.ts";
import { floats, largest, uniform } from "../draw.ts";
import { runGraph } from "../run-graph.ts";

const { float32 } = ad;

const settings = { numRuns: Number(process.env.FC_RUNS ?? 60), seed: Number(process.env.FC_SEED ?? 1) };

/** A convolution with at least as many filters as taps. */
const convolution = fc
  .record({
    images: fc.integer({ min: 1, max: 3 }),
    channels: fc.integer({ min: 1, max: 2 }),
    size: fc.tuple(fc.integer({ min: 5, max: 8 }), fc.integer({ min: 5, max: 8 })),
    kernel: fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 })),
    stride: fc.tuple(fc.integer({ min: 1, max: 2 }), fc.integer({ min: 1, max: 2 })),
    padding: fc.tuple(fc.nat(1), fc.nat(2)),
    dilation: fc.integer({ min: 1, max: 2 }),
    more: fc.nat(6),
    bias: fc.boolean(),
  })
  .chain((c) =>
    // Enough positions and filters for the way of a 1 x 1 convolution.
    fc.constantFrom(c, c, {
      ...c,
      images: 4 * c.channels,
      size: [6, 8],
      kernel: [1, 1],
      stride: [1, 1],
      padding: [0, 0],
      more: 2 * c.channels + c.more,
    } as typeof c),
  )
  .map(({ images, channels, size, kernel, more, bias, ...options }) => {
    const filters = channels * kernel[0] * kernel[1] + more;
    const [x, w] = [float32(images, channels, ...size), float32(filters, channels, ...kernel)];
    const z = ad.conv2d(ad.input("x", x), ad.input("w", w), undefined, options).shape;
    return {
      types: { x, w, b: float32(filters), s: float32(filters), t: float32(filters), m: float32(...z) },
      bias,
      options,
    };
  });
/** Whether its image gradient, too, can be had without its result. */
const isPointwise = ({
  types,
  options,
}: {
  types: { x: ad.TensorType; w: ad.TensorType };
  options: ad.ConvolutionOptions;
}): boolean => {
  const [filters, channels, ...kernel] = types.w.shape as [number, number, ...number[]];
  const [images, , height, width] = types.x.shape as [number, number, number, number];
  const dense = filters >= 3 * channels && images * height * width >= 128 * channels;
  return String([...kernel, options.stride, options.padding]) === "1,1,1,1,0,0" && dense;
};

type Inputs = Record<"x" | "w" | "b" | "s" | "t" | "m", ad.Value>;

/** Relative to the largest number of a result, or to 1: sums of cancelling terms are as exact as their terms. */
const expectSame = async (graph: ad.Graph): Promise<void> => {
  const simple = ad.simplify(graph);
  const feeds = graph.inputs.map(({ shape }, i) => uniform(stream(4, "narrow", i), shape, -0.5, 1));
  const [before, after] = [await runGraph(graph, feeds), await runGraph(simple, feeds)];
  for (const [i, expected] of before.entries()) {
    expect(after[i]!.shape).toEqual(expected.shape);
    const scale = Math.max(1, largest(floats(expected)));
    floats(expected).forEach((a, at) => {
      if (!(Math.abs(a - floats(after[i]!)[at]!) <= 1e-4 * scale))
        throw new Error(
          `output ${i}[${at}]: ${a} became ${floats(after[i]!)[at]}\n${ad.printGraph(graph)}\n${ad.printGraph(simple)}`,
        );
    });
  }
};

test("batch norm after a convolution with few taps, and its gradients, are what they were", async () => {
  let pointwise = 0;
  await fc.assert(
    fc.asyncProperty(convolution, async ({ types, bias, options }) => {
      const { graph } = ad.trace(types, (p) => {
        const z = ad.conv2d(p.x, p.w, bias ? p.b : undefined, options);
        const count = ad.sizeOf(z.shape) / z.shape[1]!;
        const mean = ad.mul(ad.channelSum(z), 1 / count);
        const variance = ad.sub(ad.mul(ad.channelDot(z, z), 1 / count), ad.mul(mean, mean));
        // An epsilon that one position, and images without variance, do not make a problem of conditioning.
        const scale = ad.div(p.s, ad.sqrt(ad.add(variance, 0.1)));
        const y = ad.tanh(ad.channelAffine(z, scale, ad.sub(p.t, ad.mul(mean, scale))));
        const loss = ad.reduceSum(ad.mul(y, p.m));
        const { x, w, s, t, b } = ad.gradients(loss, { x: p.x, w: p.w, s: p.s, t: p.t, b: p.b });
        return [loss, mean, variance, w, s, t, b, ...(isPointwise({ types, options }) ? [x] : [])];
      });
      if (isPointwise({ types, options })) pointwise++;
      const large = ad
        .topologicalOrder(ad.simplify(graph).outputs)
        .filter((v) => ad.sameShape(v.shape, types.m.shape) && v.op.name !== "input");
      expect(large.map((v) => v.op.name)).not.toContain("channelAffine");
      await expectSame(graph);
    }),
    settings,
  );
  expect(pointwise).toBeGreaterThan(settings.numRuns / 20);
});

/** A step makes a tensor of z's shape from two earlier ones, or a result. */
type Step = readonly [kind: string, first: number, second: number];

const makers: Record<string, (a: ad.Value, b: ad.Value, p: Inputs) => ad.Value> = {
  affine: (a, _, { s, t }) => ad.channelAffine(a, s, t),
  scaled: (a, _, { t }) => ad.channelAffine(a, t, ad.zeros(t.shape)),
  statistical: (a, _, { s }) => ad.channelAffine(a, ad.tanh(ad.channelSum(a)), s),
  add: (a, b) => ad.add(a, b),
};

const results: Record<string, (a: ad.Value, b: ad.Value, p: Inputs, options: ad.ConvolutionOptions) => ad.Value> = {
  sum: (a) => ad.channelSum(a),
  mean: (a) => ad.mean(a, [0, 2, 3], true),
  dot: (a, b) => ad.channelDot(a, b),
  gradient: (a, _, { x, w }, options) => ad.vjp([ad.conv2d(x, w, undefined, options)], [a], [w])[0]!,
  imageGradient: (a, _, { x, w }, options) => ad.vjp([ad.conv2d(x, w, undefined, options)], [a], [x])[0]!,
  tanh: (a) => ad.tanh(a),
};

const steps = (kinds: object, minLength: number, maxLength: number): fc.Arbitrary<Step[]> =>
  fc.array(fc.tuple(fc.constantFrom(...Object.keys(kinds)), fc.nat(5), fc.nat(5)), { minLength, maxLength });

test("sums over combinations of a convolution's result and another tensor are what they were", async () => {
  let fired = 0;
  await fc.assert(
    fc.asyncProperty(
      convolution,
      steps(makers, 0, 4),
      steps(results, 1, 4),
      async ({ types, bias, options }, making, taking) => {
        const { graph } = ad.trace(types, (p) => {
          const pool = [ad.conv2d(p.x, p.w, bias ? p.b : undefined, options), p.m];
          const pick = (i: number): ad.Value => pool[i % pool.length]!;
          for (const [kind, a, b] of making) pool.push(makers[kind]!(pick(a), pick(b), p));
          return taking.map(([kind, a, b]) => results[kind]!(pick(a), pick(b), p, options));
        });
        const isBasis = (v: ad.Value): boolean => v.op.name === "literal";
        if (ad.topologicalOrder(ad.simplify(graph).outputs).some(isBasis)) fired++;
        await expectSame(graph);
      },
    ),
    { ...settings, numRuns: 3 * settings.numRuns },
  );
  expect(fired).toBeGreaterThan(settings.numRuns / 2);
});
