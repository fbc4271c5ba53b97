import { describe, expect, test } from "vitest";
import * as ad from "../../../src/autodiff/index.ts";
import { buildModel } from "../../../src/models/registry.ts";
import { sgd } from "../../../src/nn/optimisers.ts";
import { stream } from "../../../src/support/random.ts";
import { classification } from "../../../src/tasks/classification.ts";
import { traceTrainStep } from "../../../src/training/train-step.ts";
import { floats, uniform } from "../draw.ts";
import { runGraph } from "../run-graph.ts";

const { float32 } = ad;

const operators = ({ outputs }: ad.Graph, shape: readonly number[]): string[] =>
  ad
    .topologicalOrder(outputs)
    .filter((v) => v.op.name !== "input" && ad.sameShape(v.shape, shape))
    .map((v) => v.op.name);

/** z = conv2d(x, w), 10 filters of 4 taps, [2,10,5,5]; and m of its shape. */
const types = { x: float32(2, 1, 6, 6), w: float32(10, 1, 2, 2), s: float32(10), m: float32(2, 10, 5, 5) };
type Inputs = { [name in keyof typeof types]: ad.Value };

/** The operators that make tensors of z's shape, after simplification. */
const afterwards = (f: (z: ad.Value, inputs: Inputs) => readonly ad.Value[]): string[] =>
  operators(
    ad.simplify(
      ad.trace(types, (inputs) => {
        const { x, w, s } = inputs;
        return f(ad.conv2d(x, w, s), inputs);
      }).graph,
    ),
    types.m.shape,
  );

const filterGradient = ({ x, w }: Inputs, dz: ad.Value, options = {}): ad.Value =>
  ad.vjp([ad.conv2d(x, w, undefined, options)], [dz], [w])[0]!;

const task = classification(10, { height: 32, width: 32 });

describe("the result of a convolution with few taps", () => {
  test("is not made in a training step of a ConvNet, but for the folded batch norm's ReLU", () => {
    const { graph } = traceTrainStep(buildModel("convnet128", task), sgd(), { kind: "hard" }, 64);
    expect(operators(ad.simplify(graph), [64, 128, 32, 32])).toEqual(["conv2d", "relu", "upsample2d", "step", "mul"]);
  });

  test("is not made in a training step of a ResNet, whose first convolution has no bias", () => {
    const { graph } = traceTrainStep(buildModel("resnet18", task), sgd(), { kind: "hard" }, 8);
    const simple = ad.simplify(graph);
    const first = graph.inputs.find((v) => v.attributes.name === "feeds.images")!;
    const readers = ad.topologicalOrder(simple.outputs).filter((v) => v.inputs.includes(first));
    expect(readers.map((v) => [v.op.name, v.shape[1]])).toEqual([
      ["conv2d", 28],
      ["conv2d", 64],
    ]);
  });

  test("is not made where it is only summed", () => {
    expect(afterwards((z, { m }) => [ad.channelSum(z), ad.channelDot(z, z), ad.channelDot(m, z)])).toEqual([]);
    expect(afterwards((z, { s }) => [ad.channelSum(z), ad.relu(ad.channelAffine(z, s, s))])).toEqual([
      "conv2d",
      "relu",
    ]);
  });

  test("stays where it is needed anyway", () => {
    expect(afterwards((z) => [z, ad.channelDot(z, z)])).toEqual(["conv2d"]);
    expect(afterwards((z) => [ad.channelDot(z, z), ad.relu(z)])).toEqual(["conv2d", "relu"]);
    expect(afterwards((z) => [ad.channelDot(z, z), ad.reduceSum(z, [2, 3])])).toEqual(["conv2d"]);
    expect(afterwards((z, { m }) => [ad.channelDot(z, m), ad.channelDot(z, ad.relu(m))])).toContain("conv2d");
    expect(
      afterwards((z, { s }) => [ad.channelSum(z), ad.channelAffine(z, s, s), ad.channelAffine(z, s, ad.zeros([10]))]),
    ).toEqual(["conv2d", "channelAffine", "channelAffine"]);
    const cotangent = (z: ad.Value, { m, s }: Inputs): ad.Value =>
      ad.add(ad.channelAffine(m, s, s), ad.channelAffine(z, ad.channelSum(z), s));
    expect(afterwards((z, inputs) => [filterGradient(inputs, cotangent(z, inputs))])).toEqual([]);
    expect(afterwards((z, inputs) => [ad.relu(cotangent(z, inputs))])).toContain("conv2d");
    // Another convolution's filter gradient.
    const other = (z: ad.Value, { x, w, m, s }: Inputs): ad.Value =>
      filterGradient({ x: ad.neg(x), w, m, s }, cotangent(z, { x, w, m, s }));
    expect(afterwards((z, inputs) => [other(z, inputs)])).toContain("conv2d");
  });

  test("stays where taps are many, more than filters, or grouped", () => {
    const sums = (x: ad.TensorType, w: ad.TensorType, options: ad.ConvolutionOptions): string[] =>
      ad
        .topologicalOrder(
          ad.simplify(
            ad.trace({ x, w }, (p) => {
              const z = ad.conv2d(p.x, p.w, undefined, options);
              return [ad.channelSum(z), ad.channelDot(z, z)];
            }).graph,
          ).outputs,
        )
        .map((v) => v.op.name)
        .filter((name) => name === "channelDot");
    expect(sums(float32(2, 3, 6, 6), float32(27, 3, 3, 3), {})).toEqual([]);
    expect(sums(float32(2, 3, 6, 6), float32(26, 3, 3, 3), {})).toEqual(["channelDot"]);
    expect(sums(float32(2, 2, 6, 6), float32(36, 1, 3, 3), { groups: 2 })).toEqual(["channelDot"]);
    expect(sums(float32(2, 4, 6, 6), float32(128, 4, 3, 3), {})).toEqual(["channelDot"]);
  });
});

/** Differences of differences of neighbouring pixels, on images of slow waves: far smaller than the images themselves. */
test("the variance of what filters see in smooth images keeps its precision", async () => {
  const [n, h, k] = [4, 24, 20];
  const random = stream(5, "smooth");
  const x = Float32Array.from({ length: n * h * h }, (_, at) => {
    const [image, row, column] = [Math.floor(at / h / h), Math.floor(at / h) % h, at % h];
    return 1.5 * Math.cos(0.11 * row + 0.23 * column + image) + 0.7 * Math.sin(0.2 * row - 0.13 * column + 2 * image);
  });
  const differences = [-1, 2, -1].flatMap((a) => [-1, 2, -1].map((b) => a * b));
  const w = Float32Array.from({ length: k * 9 }, (_, at) => differences[at % 9]! + 0.05 * random.float());
  const { graph } = ad.trace({ x: float32(n, 1, h, h), w: float32(k, 1, 3, 3) }, (p) => {
    const z = ad.conv2d(p.x, p.w);
    return [ad.channelDot(z, z)];
  });
  const simple = ad.simplify(graph);
  expect(ad.topologicalOrder(simple.outputs).some((v) => v.op.name === "channelDot")).toBe(false);
  const [squares] = await runGraph(simple, [ad.tensor(x, [n, 1, h, h]), ad.tensor(w, [k, 1, 3, 3])]);

  const size = h - 2;
  const exact = Array.from({ length: k }, (_, filter) => {
    let sum = 0;
    for (let at = 0; at < n * size * size; at++) {
      const [image, row, column] = [Math.floor(at / size / size), Math.floor(at / size) % size, at % size];
      const pixel = (tap: number): number => x[(image * h + row + Math.floor(tap / 3)) * h + column + (tap % 3)]!;
      sum += differences.reduce((z, _, tap) => z + w[filter * 9 + tap]! * pixel(tap), 0) ** 2;
    }
    return sum;
  });
  expect(Math.max(...exact.map((sum, i) => Math.abs(floats(squares!)[i]! / sum - 1)))).toBeLessThan(1e-5);
});

test("a training step of a ConvNet gives the numbers it gave", async () => {
  const { graph } = traceTrainStep(
    buildModel("convnet64x1", classification(3, { height: 8, width: 8 })),
    sgd(),
    { kind: "hard" },
    4,
  );
  const feeds = graph.inputs.map(({ shape }, i) =>
    uniform(stream(8, "train", i), shape, shape.length === 1 ? 0.2 : -1, 1),
  );
  const simple = ad.simplify(graph);
  expect(operators(simple, [4, 64, 8, 8])).not.toContain("channelAffine");
  const [before, after] = [await runGraph(graph, feeds), await runGraph(simple, feeds)];
  for (const [i, expected] of before.entries()) {
    const scale = Math.max(1, ...floats(expected).map(Math.abs));
    floats(expected).forEach((a, at) => {
      expect(Math.abs(a - floats(after[i]!)[at]!), `output ${i}[${at}]`).toBeLessThan(1e-4 * scale);
    });
  }
});
