// Encoding a step as a model of any number of steps in one run.
import { create } from "@bufbuild/protobuf";
import type { Graph } from "../autodiff/graph.ts";
import { int64, type TensorType } from "../autodiff/types.ts";
import { describe, type EncodedModel, encodeGraph, modelOf } from "./encode.ts";
import { AttributeProtoSchema, GraphProtoSchema, NodeProtoSchema } from "./onnx_pb.ts";

/** The name of the first dimension of whatever there is one of for each step. */
const steps = "steps";

const stacked = ({ dtype, shape }: TensorType) => ({ dtype, shape: [steps, ...shape] });

const numbered = (letter: string, count: number): string[] => Array.from({ length: count }, (_, i) => `${letter}${i}`);

/**
 * A model that does steps in a loop, ONNX's Scan. The graph is one step's; its first `state` inputs and outputs are the
 * state, the others feeds and fetches. The model takes the state, the steps' numbers 0, 1, ... [steps] and the feeds
 * [steps, ...]; it gives the state after the last step and the fetches [steps, ...].
 *
 * The feeds are gathered by the step's number rather than scanned: a slice begins wherever the one before ends, where
 * kernels may count on aligned memory.
 */
export const encodeSteps = (graph: Graph, state: number, feedFrom: number): EncodedModel => {
  const inner = { inputs: numbered("s", graph.inputs.length), outputs: numbered("r", graph.outputs.length) };
  const [inputs, outputs] = [numbered("x", graph.inputs.length), numbered("y", graph.outputs.length)];
  const { proto, fed } = encodeGraph(graph, { ...inner, feedFrom });
  const constants = proto.input.slice(graph.inputs.length);
  const gathers = inputs
    .map((name, i) => create(NodeProtoSchema, { opType: "Gather", input: [name, "step"], output: [inner.inputs[i]!] }))
    .slice(state);
  const body = create(GraphProtoSchema, {
    ...proto,
    node: [...gathers, ...proto.node],
    input: [...proto.input.slice(0, state), describe("step", int64())],
  });
  const scan = create(NodeProtoSchema, {
    name: steps,
    opType: "Scan",
    input: [...inputs.slice(0, state), steps],
    output: outputs,
    attribute: [
      create(AttributeProtoSchema, { name: "body", type: 5, g: body }),
      create(AttributeProtoSchema, { name: "num_scan_inputs", type: 2, i: 1n }),
    ],
  });
  const outer = (type: TensorType, i: number) => (i < state ? type : stacked(type));
  const declared = graph.inputs.map((v, i) => describe(inputs[i]!, outer(v, i)));
  const whole = create(GraphProtoSchema, {
    name: steps,
    node: [scan],
    input: [...declared.slice(0, state), describe(steps, stacked(int64())), ...declared.slice(state), ...constants],
    output: graph.outputs.map((v, i) => describe(outputs[i]!, outer(v, i))),
  });
  return { bytes: modelOf(whole), inputs: [...inputs.slice(0, state), steps, ...inputs.slice(state)], outputs, fed };
};
