import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  add,
  avgPool2d,
  conv2d,
  float32,
  type Graph,
  relu,
  simplify,
  sizeOf,
  topologicalOrder,
  trace,
} from "../../src/autodiff/index.ts";
import { blockedConvOp } from "../../src/blocked/ops.ts";
import { blockGraph } from "../../src/blocked/pass.ts";
import { winogradChoice } from "../../src/blocked/winograd.ts";
import { stream } from "../../src/support/random.ts";
import { floats, relativeError, uniform } from "../autodiff/draw.ts";
import { runGraph } from "../autodiff/run-graph.ts";
import { interpretedGraph } from "./interpreter.ts";
import { type Layer, network, traceNetwork } from "./random-network.ts";

/** The loss of a network and the gradient of its images alone: no sums over images where its norms are fixed. */
const withoutParameters = ({ inputs, outputs }: Graph): Graph => ({ inputs, outputs: outputs.slice(-2) });

const convolutions = ({ outputs }: Graph): number =>
  topologicalOrder(outputs).filter(({ op }) => op === blockedConvOp).length;

const blocked = (graph: Graph, b: number, cache: number) =>
  blockGraph(simplify(graph), b, 0, { ...winogradChoice, cache });

const feedsOf = ({ inputs }: Graph) =>
  inputs.map(({ shape }, i) => {
    const spread = shape.length === 4 ? 2 / Math.sqrt(sizeOf(shape.slice(1))) : 1;
    return uniform(stream(3, "images", i), shape, -0.8 * spread, 1.2 * spread);
  });

describe.each([4, 8, 16])("at a block of %i", (b) => {
  test("losses and images' gradients of random networks are the same some images at a time", async () => {
    let divided = 0;
    await fc.assert(
      fc.asyncProperty(network(b), fc.integer({ min: 2, max: 7 }), async (net, batch) => {
        const layers = net.layers.map((one) => ({ ...one, norm: one.norm === "batch" ? "fixed" : one.norm }) as const);
        const graph = withoutParameters(traceNetwork({ ...net, batch, layers }, b).graph);
        const [whole, inParts] = [blocked(graph, b, 2 ** 30), blocked(graph, b, 2048)];
        if (convolutions(inParts.graph) > convolutions(whole.graph)) divided++;
        const feeds = feedsOf(graph);
        const expected = await runGraph(interpretedGraph(graph, whole, b), feeds);
        const found = await runGraph(interpretedGraph(graph, inParts, b), feeds);
        for (const [i, t] of expected.entries())
          expect(relativeError(floats(found[i]!), floats(t)), `output ${i}`).toBeLessThan(1e-6);
      }),
      { numRuns: 40, seed: 4 },
    );
    expect(divided).toBeGreaterThan(5);
  }, 60_000);
});

test("a convolution that takes in a sum takes the part of it that belongs to its images", async () => {
  const types = { x: float32(6, 3, 16, 16), first: float32(16, 3, 3, 3), second: float32(16, 3, 1, 1) };
  const { graph } = trace(types, ({ x, first, second }) => {
    const sum = add(conv2d(x, first, undefined, { padding: 1 }), conv2d(x, second));
    return avgPool2d(relu(sum), { kernel: 2 });
  });
  const inParts = blocked(graph, 16, 2048);
  const sums = topologicalOrder(inParts.graph.outputs).filter(({ attributes }) => attributes.sum === true);
  expect(sums.map(({ shape }) => shape[0])).toEqual([1, 1, 1, 1, 1, 1]);
  const feeds = feedsOf(graph);
  const [[expected], [found]] = [
    await runGraph(graph, feeds),
    await runGraph(interpretedGraph(graph, inParts, 16), feeds),
  ];
  expect(relativeError(floats(found!), floats(expected!))).toBeLessThan(1e-5);
});

describe("a network of two layers", () => {
  const layer: Layer = {
    kind: "conv",
    width: 1,
    odd: 0,
    kernel: 3,
    stride: 1,
    padding: 1,
    bias: true,
    norm: "fixed",
    activation: "relu",
    gate: false,
    skip: false,
    pool: "average",
  };
  const graphOf = (norm: Layer["norm"]): Graph => {
    const layers = [layer, layer].map((one) => ({ ...one, norm }));
    const net = { batch: 6, channels: 3, height: 16, width: 16, layers, head: "pooled" } as const;
    return traceNetwork(net, 16).graph;
  };
  // Two of them hold two images of 16 channels.
  const cache = 4 * 16 * 16 * 16;
  const largest = (graph: Graph): number =>
    Math.max(...topologicalOrder(graph.outputs).map(({ shape }) => sizeOf(shape)));

  test("with frozen weights holds no tensor that the cache does not, and joins no parts only to take them apart", () => {
    const { graph } = blocked(withoutParameters(graphOf("fixed")), 16, cache);
    const joints = topologicalOrder(graph.outputs).filter(({ op }) => op.name === "concat");
    expect(4 * largest(graph)).toBeLessThanOrEqual(2 * cache);
    // Of the pooled first layer, and of the images' gradient.
    expect(joints.map(({ shape }) => shape)).toEqual([
      [6, 1, 8, 8, 16],
      [6, 3, 16, 16],
    ]);
  });

  test("in training is left as it is", () => {
    const { inputs, outputs } = graphOf("batch");
    const graph = { inputs, outputs: outputs.slice(0, -1) };
    expect(convolutions(blocked(graph, 16, cache).graph)).toBe(convolutions(blocked(graph, 16, 2 ** 30).graph));
  });
});
