import { describe, expect, test } from "vitest";
import {
  type ConvolutionOptions,
  conv2d,
  float32,
  gradients,
  mul,
  reduceSum,
  simplify,
  topologicalOrder,
  trace,
} from "../../src/autodiff/index.ts";
import { blockGraph } from "../../src/blocked/pass.ts";
import { stream } from "../../src/support/random.ts";
import { floats, relativeError, uniform } from "../autodiff/draw.ts";
import { runGraph } from "../autodiff/run-graph.ts";
import { interpretedGraph } from "./interpreter.ts";

const settings: readonly ConvolutionOptions[] = [
  { padding: 1 },
  { padding: [0, 2], dilation: [2, 1] },
  { stride: 2, padding: 1 },
  // The last row of the image meets no filter.
  { stride: [3, 2], padding: [1, 0] },
  { stride: 2, dilation: 2, padding: [4, 3] },
];

describe.each([4, 8, 16])("at a block of %i", (b) => {
  test.each(settings)("a gradient of few channels is the standard one: %j", async (options) => {
    const types = { x: float32(2, 3, 9, 8), w: float32(2 * b, 3, 3, 2) };
    const { graph } = trace(types, ({ x, w }) => {
      const y = conv2d(x, w, undefined, options);
      return gradients(reduceSum(mul(y, y)), x);
    });
    const blocked = blockGraph(simplify(graph), b);
    const folds = topologicalOrder(blocked.graph.outputs).filter(({ op }) => op.name === "fold");
    expect(folds).toHaveLength(2);
    const feeds = graph.inputs.map(({ shape }, i) => uniform(stream(5, "narrow", i), shape));
    const [expected] = await runGraph(graph, feeds);
    const [found] = await runGraph(interpretedGraph(graph, blocked, b), feeds);
    expect(relativeError(floats(found!), floats(expected!))).toBeLessThan(1e-5);
  });
});
