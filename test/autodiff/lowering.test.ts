import { fromBinary } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { gradients } from "../../src/autodiff/grad.ts";
import type { Graph } from "../../src/autodiff/graph.ts";
import { conv2d } from "../../src/autodiff/index.ts";
import { mul } from "../../src/autodiff/ops/elementwise.ts";
import { reduceSum } from "../../src/autodiff/ops/reduce.ts";
import { simplify } from "../../src/autodiff/simplify.ts";
import { trace } from "../../src/autodiff/trace.ts";
import { float32 } from "../../src/autodiff/types.ts";
import type { Attributes, Sample, Value } from "../../src/autodiff/value.ts";
import { encodeModel } from "../../src/onnx/encode.ts";
import { ModelProtoSchema, type NodeProto } from "../../src/onnx/onnx_pb.ts";
import { kinds } from "../../src/runtime/kinds.ts";
import { stream } from "../../src/support/random.ts";
import { derivatives, draw, operators } from "./operator-cases.ts";

const nodesOf = (graph: Graph): NodeProto[] =>
  fromBinary(ModelProtoSchema, encodeModel(simplify(graph, kinds.webgpu.rules)).bytes).graph!.node;

const intsOf = (node: NodeProto, name: string): number[] =>
  node.attribute.find((a) => a.name === name)?.ints.map(Number) ?? [];

/** Wrong on WebGPU: a single tap, and zeros at the end only. */
const overlooksPadding = (node: NodeProto): boolean => {
  const pads = intsOf(node, "pads");
  const [starts, ends] = [pads.slice(0, 2), pads.slice(2)];
  const single = intsOf(node, "kernel_shape").every((k) => k === 1);
  return node.opType === "Conv" && single && starts.every((n) => n === 0) && ends.some((n) => n > 0);
};

/** Has no kernel on WebGPU, so that its operand would travel to the host and back. */
const missingOnWebGpu = new Set(["LogSoftmax", "ReduceLogSumExp", "Not"]);

test.each(operators.map((op) => [op.name, op] as const))("%s becomes nodes that WebGPU does right", (name, op) => {
  const random = stream(11, "ops", name);
  for (const sample of op.samples) {
    const { specs, fn } = derivatives(draw(op, sample as Sample<Attributes>, random));
    const nodes = nodesOf(trace(specs, (all) => fn(all as unknown as { x: Value[]; c: Value; d: Value[] })).graph);
    expect(nodes.filter(overlooksPadding).map((n) => intsOf(n, "pads"))).toEqual([]);
    expect(nodes.map(({ opType }) => opType).filter((opType) => missingOnWebGpu.has(opType))).toEqual([]);
  }
});

test("no convolution of any size has a gradient that pads a single tap at the end only", () => {
  const seen = new Set<string>();
  for (const kernel of [1, 2, 3, 5])
    for (const stride of [1, 2, 3])
      for (const padding of [0, 1, 2])
        for (const size of [5, 6, 7, 8]) {
          if (size + 2 * padding < kernel) continue;
          const types = { x: float32(1, 2, size, size + 1), w: float32(3, 2, kernel, kernel) };
          const { graph } = trace(types, ({ x, w }) => {
            const y = conv2d(x, w, undefined, { stride, padding });
            return gradients(reduceSum(mul(y, y)), { x, w });
          });
          const nodes = nodesOf(graph);
          for (const { opType } of nodes) seen.add(opType);
          expect(nodes.filter(overlooksPadding), `${kernel} ${stride} ${padding} ${size}`).toEqual([]);
        }
  expect([...seen]).toEqual(expect.arrayContaining(["Conv", "Pad", "ConvTranspose", "DepthToSpace"]));
});
