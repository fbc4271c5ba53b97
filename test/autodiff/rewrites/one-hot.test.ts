import fc from "fast-check";
import { expect, test } from "vitest";
import * as ad from "../../../src/autodiff/index.ts";
import { scatterByProduct } from "../../../src/autodiff/rewrites/one-hot.ts";
import { stream } from "../../../src/support/random.ts";
import { floats, relativeError, rowNumbers, uniform } from "../draw.ts";
import { runGraph } from "../run-graph.ts";

const scattered = (graph: ad.Graph): boolean =>
  ad.topologicalOrder(graph.outputs).some(({ op }) => op.name === "scatterAdd");

const cases = fc
  .record({
    shape: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 4 }),
    at: fc.nat(3),
    size: fc.integer({ min: 1, max: 6 }),
    seed: fc.nat(),
  })
  .map(({ shape, at, ...rest }) => ({ shape, axis: at % shape.length, ...rest }));

test("rows added back by a product are those added one by one, along any axis and however often", async () => {
  await fc.assert(
    fc.asyncProperty(cases, async ({ shape, axis, size, seed }) => {
      const random = stream(seed, "one-hot");
      const n = shape[axis]!;
      const { graph } = ad.trace({ x: ad.float32(...shape), rows: ad.int64(n) }, ({ x, rows }) =>
        ad.scatterAdd(x, rows, axis, size),
      );
      const rewritten = ad.simplify(graph, { rewrites: [scatterByProduct] });
      expect([scattered(ad.simplify(graph)), scattered(rewritten)]).toEqual([true, false]);
      const feeds = [uniform(random, shape), rowNumbers(random, [n], size)];
      const [[expected], [actual]] = [await runGraph(graph, feeds), await runGraph(rewritten, feeds)];
      expect(actual!.shape).toEqual(expected!.shape);
      expect(relativeError(floats(actual!), floats(expected!))).toBeLessThan(1e-5);
    }),
    { numRuns: 60 },
  );
});

test("a matrix of zeros and ones that would take much memory is not made", () => {
  const { graph } = ad.trace({ x: ad.float32(3, 2), rows: ad.int64(3) }, ({ x, rows }) =>
    ad.scatterAdd(x, rows, 0, 5000),
  );
  expect(scattered(ad.simplify(graph, { rewrites: [scatterByProduct] }))).toBe(true);
});
