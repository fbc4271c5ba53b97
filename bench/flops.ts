import { type Graph, sizeOf, topologicalOrder, type Value } from "../src/autodiff/index.ts";

/** Two operations a multiply-add; taps that meet padding count as if they met pixels. */
const convolution = (result: readonly number[], filter: readonly number[]): number =>
  2 * sizeOf(result) * sizeOf(filter.slice(1));

const rules: Readonly<Record<string, (v: Value) => number>> = {
  conv2d: (v) => convolution(v.shape, v.inputs[1]!.shape),
  convImageGradient: (v) => convolution(v.inputs[0]!.shape, v.inputs[1]!.shape),
  convFilterGradient: (v) => convolution(v.inputs[1]!.shape, v.shape),
  matmul: (v) => 2 * sizeOf(v.shape) * v.inputs[0]!.shape.at(v.attributes.transposeA ? -2 : -1)!,
};

/**
 * Floating-point operations of a graph's convolutions and matrix products; all else is a few per cent of them. Of the
 * graph as traced: a rewrite that reaches the same result with more or fewer operations does not change the work done.
 */
export const flopsOf = (graph: Graph): number =>
  topologicalOrder(graph.outputs).reduce((sum, v) => sum + (rules[v.op.name]?.(v) ?? 0), 0);
