import {
  abs,
  add,
  avgPool2d,
  conv2d,
  type Graph,
  maxPool2d,
  mean,
  pad,
  relu,
  relu6,
  reshape,
  step,
  topologicalOrder,
  transpose,
  upsample2d,
  Value,
} from "../../src/autodiff/index.ts";
import { blockedShape, forms, type Layout, padToBlocks, plainShape, unblock } from "../../src/blocked/layout.ts";
import {
  type Activation,
  type BlockedConvolution,
  blockedConvOp,
  blockedMeanOp,
  blockedPoolOp,
  blockedUpsampleOp,
  blockImageOp,
  transposeTilesOp,
  unblockImageOp,
} from "../../src/blocked/ops.ts";
import type { BlockedGraph } from "../../src/blocked/pass.ts";

/**
 * The operators of com.microsoft.nchwc in terms of standard ones, at any block: graphs that the pass makes for processors
 * other than this one can be run and compared here.
 */

type Rule = (inputs: readonly Value[], v: Value) => Value;

/** Blocking as pads, a reshape and a transposition. */
const block = (x: Value, layout: Layout, size: number): Value => {
  const { split, permutation } = forms[layout];
  const whole = split.reduce((v, axis) => padToBlocks(v, axis, size), x);
  const shape = blockedShape(x.shape, layout, size);
  const apart = permutation.map((_, axis) => shape[permutation.indexOf(axis)]!);
  return transpose(reshape(whole, apart), permutation);
};

/** [N, C/b, H, W, b] -> [N, C, H, W], padding included. */
const plainImage = (x: Value): Value => unblock(x, "image", plainShape(x.shape, "image"));

const blockOf = ({ shape }: Value): number => shape.at(-1)!;

const activations: Readonly<Record<Activation, (x: Value) => Value>> = { none: (x) => x, relu, relu6, step, abs };

const convolve: Rule = (inputs, v) => {
  const { stride, pads, dilation, groups, bias, sum, activation } = v.attributes as BlockedConvolution;
  const [x, w] = inputs as [Value, Value];
  const layout = w.shape.length === 6 ? "filter" : "rows";
  const image = x.shape.length === 5 ? plainImage(x) : x;
  const [top, left, bottom, right] = pads as [number, number, number, number];
  const y = conv2d(
    pad(image, [0, 0, top, left], [0, 0, bottom, right]),
    unblock(w, layout, plainShape(w.shape, layout)),
    bias ? inputs[2] : undefined,
    { stride: stride as [number, number], dilation: dilation as [number, number], groups },
  );
  const total = sum ? add(block(y, "image", blockOf(v)), inputs.at(-1)!) : block(y, "image", blockOf(v));
  return activations[activation](total);
};

const pool: Rule = ([x], v) => {
  const { kind, kernel, stride, padding } = v.attributes as Record<string, unknown>;
  const place = kind === "MaxPool" ? maxPool2d : avgPool2d;
  const options = { kernel, stride, padding } as { kernel: [number, number]; stride: [number, number] };
  return block(place(plainImage(x!), options), "image", blockOf(v));
};

const upsample: Rule = ([x], v) =>
  block(upsample2d(plainImage(x!), v.attributes.factor as [number, number]), "image", blockOf(v));

const transposeTiles: Rule = ([x]) => {
  const axes = [...x!.shape.keys()];
  return transpose(x!, [...axes.slice(0, -2), axes.at(-1)!, axes.at(-2)!]);
};

const rules = new Map<Value["op"], Rule>([
  [blockImageOp, ([x], v) => block(x!, "image", blockOf(v))],
  [unblockImageOp, ([x], v) => unblock(x!, "image", v.shape)],
  [transposeTilesOp, transposeTiles],
  [blockedConvOp, convolve],
  [blockedPoolOp, pool],
  [blockedMeanOp, ([x]) => mean(x!, [2, 3], true)],
  [blockedUpsampleOp, upsample],
]);

/** The values with every blocked operator replaced, and other values in place of the `given` ones. */
const interpreted = (outputs: readonly Value[], given: Iterable<readonly [Value, Value]>): Value[] => {
  const done = new Map(given);
  for (const v of topologicalOrder(outputs)) {
    if (done.has(v)) continue;
    const inputs = v.inputs.map((i) => done.get(i)!);
    const rule = rules.get(v.op);
    done.set(v, rule ? rule(inputs, v) : v.inputs.length === 0 ? v : new Value(v.op, inputs, v.attributes));
  }
  return outputs.map((v) => done.get(v)!);
};

/** A blocked graph as one of standard operators with the inputs and outputs of the graph that it was made from. */
export const interpretedGraph = (plain: Graph, { graph, layouts }: BlockedGraph, size: number): Graph => {
  const inputs = graph.inputs.map((v, i) => {
    const layout = layouts[i];
    return [v, layout ? block(plain.inputs[i]!, layout, size) : plain.inputs[i]!] as const;
  });
  const outputs = interpreted(graph.outputs, inputs).map((v, i) => {
    const layout = layouts[i];
    return layout ? unblock(v, layout, plain.outputs[i]!.shape) : v;
  });
  return { inputs: plain.inputs, outputs };
};
