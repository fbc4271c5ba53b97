import fc from "fast-check";
import { expect, test } from "vitest";
import * as ad from "../../../src/autodiff/index.ts";
import { filterByProduct } from "../../../src/autodiff/rewrites/filter-product.ts";
import { stream } from "../../../src/support/random.ts";
import { floats, relativeError, uniform } from "../draw.ts";
import { runGraph } from "../run-graph.ts";

const { float32 } = ad;

const counts = (graph: ad.Graph): Record<string, number> => {
  const found: Record<string, number> = {};
  for (const { op } of ad.topologicalOrder(graph.outputs)) found[op.name] = (found[op.name] ?? 0) + 1;
  return found;
};

const pair = (min: number, max: number): fc.Arbitrary<[number, number]> =>
  fc.tuple(fc.integer({ min, max }), fc.integer({ min, max }));

const convolutions = fc
  .record({
    n: fc.integer({ min: 1, max: 3 }),
    groups: fc.integer({ min: 1, max: 2 }),
    channels: fc.integer({ min: 1, max: 3 }),
    filters: fc.integer({ min: 1, max: 3 }),
    size: pair(3, 7),
    kernel: pair(1, 3),
    stride: pair(1, 3),
    padding: pair(0, 2),
    dilation: pair(1, 2),
    /** Bytes that may be gathered at once: from a part of a tap to all of them. */
    most: fc.integer({ min: 1, max: 20_000 }),
    seed: fc.nat(),
  })
  .filter(({ size, kernel, padding, dilation }) =>
    size.every((n, a) => n + 2 * padding[a]! > dilation[a]! * (kernel[a]! - 1)),
  );

const gradientOf = (x: number[], w: number[], options: Parameters<typeof ad.conv2d>[3]): ad.Graph =>
  ad.trace({ x: float32(...x), w: float32(...w) }, ({ x, w }) => {
    const y = ad.conv2d(x, w, undefined, options);
    return ad.gradients(ad.reduceSum(ad.mul(y, y)), { w });
  }).graph;

test("one product, or one for some taps at a time, is the filter gradient of any convolution", async () => {
  let chunked = 0;
  await fc.assert(
    fc.asyncProperty(convolutions, async ({ n, groups, channels, filters, size, kernel, most, seed, ...options }) => {
      const [x, w] = [
        [n, channels * groups, ...size],
        [filters * groups, channels, ...kernel],
      ];
      const graph = gradientOf(x, w, { ...options, groups });
      const rewritten = ad.simplify(graph, { rewrites: [filterByProduct(most)] });
      const random = stream(seed, "filter product");
      const feeds = [uniform(random, x), uniform(random, w)];
      const [[expected], [actual]] = [await runGraph(graph, feeds), await runGraph(rewritten, feeds)];
      if ((counts(rewritten).gather ?? 0) > 1) chunked++;
      expect(actual!.shape).toEqual(expected!.shape);
      expect(relativeError(floats(actual!), floats(expected!))).toBeLessThan(2e-5);
    }),
    { numRuns: 80, seed: 1 },
  );
  expect(chunked).toBeGreaterThan(5);
});

test("is five kernels, and with little memory no more taps are gathered at once than it holds", () => {
  const graph = gradientOf([2, 4, 8, 8], [8, 4, 3, 3], { padding: 1 });
  const once = counts(ad.simplify(graph, { rewrites: [filterByProduct(2 ** 20)] }));
  expect(once).toMatchObject({ pad: 1, transpose: 2, gather: 1, matmul: 1 });
  expect(once.concat ?? 0).toBe(0);
  expect(once.convFilterGradient ?? 0).toBe(0);
  // A tap takes 4 C N H W = 2,048 bytes: four at a time would be three products of three.
  const little = ad.simplify(graph, { rewrites: [filterByProduct(4 * 2048)] });
  expect(counts(little)).toMatchObject({ pad: 1, transpose: 2, gather: 3, matmul: 3, concat: 1 });
});

test("a single tap in every place stays as it is", () => {
  const graph = gradientOf([2, 4, 8, 8], [8, 4, 1, 1], {});
  expect(counts(ad.simplify(graph, { rewrites: [filterByProduct(2 ** 20)] })).convFilterGradient).toBe(1);
});
