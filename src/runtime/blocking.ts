// The test of ONNX Runtime's blocked convolutions on this processor.
import { gradients } from "../autodiff/grad.ts";
import { type Graph, topologicalOrder } from "../autodiff/graph.ts";
import { channelAffine, channelDot, channelSum } from "../autodiff/ops/channel.ts";
import { conv2d, conv2dOp, filterGradientOp, imageGradientOp } from "../autodiff/ops/convolution/convolution.ts";
import { add, mul, relu } from "../autodiff/ops/elementwise.ts";
import { avgPool2d } from "../autodiff/ops/pooling.ts";
import { reduceSum } from "../autodiff/ops/reduce.ts";
import { simplify } from "../autodiff/simplify.ts";
import { trace } from "../autodiff/trace.ts";
import { float32, sizeOf, type Tensor, tensor } from "../autodiff/types.ts";
import { apply, type Op } from "../autodiff/value.ts";
import { blockImageOp } from "../blocked/ops.ts";
import { blockGraph } from "../blocked/pass.ts";
import { winogradChoice } from "../blocked/winograd.ts";
import { reasonOf } from "../support/errors.ts";
import { stream } from "../support/random.ts";
import type { RunOnce } from "./self-check.ts";

const convolutions = new Set<Op>([conv2dOp, imageGradientOp, filterGradientOp]);

export const hasConvolution = (graph: Graph): boolean =>
  topologicalOrder(graph.outputs).some((v) => convolutions.has(v.op));

/** Builds for some processors, ARM64 among them, do not have the operators at all. */
const isMissing = (cause: unknown): boolean => /is not a registered function/.test(reasonOf(cause));

/** The block in which this processor's ReorderInput lays sixteen channels of two places: 16 or 8. */
const probe = async (run: RunOnce): Promise<number> => {
  const { graph } = trace({ x: float32(1, 16, 1, 2) }, ({ x }) => ({ y: apply(blockImageOp, [x], { block: 16 }) }));
  const [y] = await run(graph, [
    tensor(
      Float32Array.from({ length: 32 }, (_, i) => i),
      [1, 16, 1, 2],
    ),
  ]);
  const values = [...y!.data];
  for (const b of [16, 8]) {
    const expected = Array.from({ length: 32 }, (_, i) => {
      const [block, place, lane] = [Math.floor(i / (2 * b)), Math.floor(i / b) % 2, i % b];
      return 2 * (block * b + lane) + place;
    });
    if (expected.every((v, i) => v === values[i])) return b;
  }
  throw new Error(`channels came out in the unknown order ${values.slice(0, 20)}...`);
};

/** Small layers of every kind that is done blocked, on odd sizes, with all their gradients. */
const sample = (b: number) => {
  // A last block that is not full.
  const odd = 2 * b - 3;
  const types = {
    images: float32(8, 3, 9, 6),
    stem: float32(b, 3, 3, 3),
    wide: float32(odd, b, 3, 3),
    strided: float32(b, odd, 3, 3),
    depthwise: float32(odd, 1, 3, 3),
    scale: float32(odd),
    shift: float32(odd),
  };
  return trace(types, ({ images, stem, wide, strided, depthwise, scale, shift }) => {
    const first = relu(conv2d(images, stem, undefined, { padding: 1 }));
    const second = conv2d(first, wide, shift, { padding: [1, 2] });
    const third = relu(channelAffine(second, add(scale, channelDot(second, second)), channelSum(second)));
    const fourth = add(conv2d(third, depthwise, undefined, { padding: 1, groups: odd }), second);
    const pooled = avgPool2d(fourth, { kernel: 2 });
    const last = conv2d(pooled, strided, undefined, { padding: 1, stride: 2 });
    const loss = reduceSum(mul(last, last));
    return { loss, gradients: gradients(loss, { images, stem, wide, strided, depthwise, scale, shift }) };
  });
};

const agree = (blocked: Tensor, standard: Tensor): boolean => {
  let [worst, largest] = [0, 0];
  blocked.data.forEach((v, i) => {
    worst = Math.max(worst, Math.abs(Number(v) - Number(standard.data[i])));
    largest = Math.max(largest, Math.abs(Number(standard.data[i])));
  });
  return worst <= 1e-3 * largest;
};

/**
 * The block of this processor's blocked convolutions, once they have proved to agree with the standard operators;
 * undefined where there are none, and with one line to `note` that says why where they do not.
 */
export const findBlockSize = async (run: RunOnce, note: (line: string) => void): Promise<number | undefined> => {
  try {
    const b = await probe(run);
    const { graph } = sample(b);
    const random = stream(0, "blocked convolutions");
    const feeds = graph.inputs.map(({ shape }) =>
      tensor(
        Float32Array.from({ length: sizeOf(shape) }, () => random.float() - 0.4),
        shape,
      ),
    );
    const simple = simplify(graph);
    // Each way of a 3 x 3 convolution comes up once: the wide one forward, its gradient backward.
    const both = { ...winogradChoice, isFaster: (channels: number, filters: number) => channels < filters };
    const [blocked, standard] = [await run(blockGraph(simple, b, 0, both).graph, feeds), await run(simple, feeds)];
    const wrong = blocked.findIndex((t, i) => !agree(t, standard[i]!));
    if (wrong >= 0) throw new Error(`result ${wrong} of the self-check differs from the standard operators`);
    return b;
  } catch (error) {
    if (!isMissing(error))
      note(`blocked convolutions are off, standard ones are used: ${reasonOf(error).split("\n")[0]}`);
    return undefined;
  }
};
