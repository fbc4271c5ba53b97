import { describe, expect, test } from "vitest";
import * as ad from "../../../src/autodiff/index.ts";
import { factorRules } from "../../../src/autodiff/rewrites/factors.ts";
import { momentsOf } from "../../../src/nn/batch-norm.ts";
import { stream } from "../../../src/support/random.ts";
import { floats, relativeError, uniform } from "../draw.ts";
import { runGraph } from "../run-graph.ts";

const { float32 } = ad;
const rewrites = { rewrites: factorRules };

const printed = (fn: (x: ad.Value, y: ad.Value, small: ad.Value) => unknown): string => {
  const { graph } = ad.trace({ x: float32(2, 3), y: float32(2, 3), small: float32(3) }, ({ x, y, small }) =>
    fn(x, y, small),
  );
  return ad.printGraph(ad.simplify(graph, rewrites)).split("\n").slice(1, -2).join("\n");
};

describe("signs and uniform factors", () => {
  test("meet outside products, quotients and sums", () => {
    expect(printed((x, y) => ad.reduceSum(ad.div(ad.mul(ad.neg(ad.mul(x, 3)), y), y), [0]))).toMatchInlineSnapshot(`
      "  %0 = mul(x, y) : f32[2,3]
        %1 = div(%0, y) : f32[2,3]
        %2 = reduceSum(%1) axes=[0] keepDims=false : f32[3]
        %3 = splat() value=-3 shape=[] : f32[]
        %4 = mul(%2, %3) : f32[3]"
    `);
  });

  test("make differences of sums", () => {
    expect(printed((x, y) => ad.add(ad.mul(ad.neg(x), y), ad.exp(y)))).toMatchInlineSnapshot(`
      "  %0 = exp(y) : f32[2,3]
        %1 = mul(x, y) : f32[2,3]
        %2 = sub(%0, %1) : f32[2,3]"
    `);
  });

  test("stay with a tensor that is smaller than the product", () => {
    expect(printed((x, _, small) => ad.mul(ad.mul(small, 3), x))).toMatchInlineSnapshot(`
      "  %0 = splat() value=3 shape=[] : f32[]
        %1 = mul(small, %0) : f32[3]
        %2 = mul(%1, x) : f32[2,3]"
    `);
  });

  test("leave the derivative of batch normalisation shorter by five operations, with the same numbers", async () => {
    const { graph } = ad.trace({ x: float32(4, 3, 5, 5), g: float32(3), b: float32(3) }, ({ x, g, b }) => {
      const { mean, variance } = momentsOf(x);
      const scale = ad.div(g, ad.sqrt(ad.add(variance, 1e-3)));
      const y = ad.channelAffine(x, scale, ad.sub(b, ad.mul(mean, scale)));
      return ad.gradients(ad.reduceSum(ad.tanh(y)), { x, g, b });
    });
    const [plain, short] = [ad.simplify(graph), ad.simplify(graph, rewrites)];
    const operations = ({ outputs }: ad.Graph): number =>
      ad.topologicalOrder(outputs).filter(({ op }) => op.scalar !== undefined).length;
    expect([operations(plain), operations(short)]).toEqual([29, 24]);
    const random = stream(2, "factors");
    const feeds = [uniform(random, [4, 3, 5, 5]), uniform(random, [3], 0.5, 1.5), uniform(random, [3])];
    const [expected, actual] = [await runGraph(plain, feeds), await runGraph(short, feeds)];
    for (const [i, t] of expected.entries())
      expect(relativeError(floats(actual[i]!), floats(t)), `gradient ${i}`).toBeLessThan(1e-5);
  });
});
