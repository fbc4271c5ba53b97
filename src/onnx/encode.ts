import { create, toBinary } from "@bufbuild/protobuf";
import { type Graph, topologicalOrder } from "../autodiff/graph.ts";
import type { OnnxAttribute, OnnxWriter } from "../autodiff/onnx-writer.ts";
import { inputOp } from "../autodiff/ops/leaves.ts";
import { sizeOf, type TensorType } from "../autodiff/types.ts";
import type { Value } from "../autodiff/value.ts";
import {
  type AttributeProto,
  AttributeProtoSchema,
  ModelProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  type TensorProto,
  TensorProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from "./onnx_pb.ts";

/** The one version of the standard operator set that every lowering is written for. */
export const opset = 20;
const irVersion = 9n;

const elementType = { float32: 1, int64: 7 } as const;
const attributeType = { float: 1, int: 2, string: 3, ints: 7 } as const;

const bytesOf = (data: Float32Array | BigInt64Array): Uint8Array =>
  new Uint8Array(data.buffer, data.byteOffset, data.byteLength);

const encodeAttribute = (name: string, value: OnnxAttribute): AttributeProto => {
  if (typeof value === "number")
    return create(AttributeProtoSchema, { name, type: attributeType.int, i: BigInt(value) });
  if (typeof value === "string")
    return create(AttributeProtoSchema, { name, type: attributeType.string, s: new TextEncoder().encode(value) });
  if ("float" in value) return create(AttributeProtoSchema, { name, type: attributeType.float, f: value.float });
  return create(AttributeProtoSchema, { name, type: attributeType.ints, ints: value.map(BigInt) });
};

const describe = (name: string, { dtype, shape }: TensorType): ValueInfoProto =>
  create(ValueInfoProtoSchema, {
    name,
    type: {
      value: {
        case: "tensorType",
        value: {
          elemType: elementType[dtype],
          shape: { dim: shape.map((d) => ({ value: { case: "dimValue" as const, value: BigInt(d) } })) },
        },
      },
    },
  });

const writer = (nodes: NodeProto[], constants: TensorProto[]): OnnxWriter => {
  let count = 0;
  const shared = new Map<string, string>();
  const store = (key: string | undefined, data: Float32Array | BigInt64Array, shape: readonly number[]): string => {
    const known = key === undefined ? undefined : shared.get(key);
    if (known !== undefined) return known;
    const name = `c${constants.length}`;
    const dataType = data instanceof Float32Array ? elementType.float32 : elementType.int64;
    constants.push(create(TensorProtoSchema, { name, dims: shape.map(BigInt), dataType, rawData: bytesOf(data) }));
    if (key !== undefined) shared.set(key, name);
    return name;
  };
  const nodesWith: OnnxWriter["nodes"] = (opType, inputs, attributes, outputs) => {
    const output = Array.from({ length: outputs }, () => `t${count++}`);
    const attribute = Object.entries(attributes).map(([name, value]) => encodeAttribute(name, value));
    const [domain, name] = opType.includes("::") ? (opType.split("::") as [string, string]) : ["", opType];
    nodes.push(
      create(NodeProtoSchema, { opType: name, domain, input: [...inputs], output, name: output[0]!, attribute }),
    );
    return output;
  };
  return {
    nodes: nodesWith,
    node: (opType, inputs, attributes = {}) => nodesWith(opType, inputs, attributes, 1)[0]!,
    ints: (values) => store(`ints ${values}`, BigInt64Array.from(values, BigInt), [values.length]),
    floats: (data, shape) => store(undefined, data, shape),
    longs: (data, shape) => store(undefined, data, shape),
    fill: (value, shape) =>
      store(`fill ${Object.is(value, -0) ? "-0" : value} ${shape}`, new Float32Array(sizeOf(shape)).fill(value), shape),
  };
};

/** A model of the standard operators and the names of its inputs and outputs, in the graph's order. */
export interface EncodedModel {
  readonly bytes: Uint8Array;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

export interface Naming {
  /** Names of inputs and outputs; x0, x1, ... and y0, y1, ... by default. */
  readonly inputs?: readonly string[];
  readonly outputs?: readonly string[];
  /** Key-value pairs for the reader of the file. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/** Lowers every value of a graph and encodes the result as an ONNX ModelProto. */
export const encodeModel = (graph: Graph, naming: Naming = {}): EncodedModel => {
  const nodes: NodeProto[] = [];
  const constants: TensorProto[] = [];
  const onnx = writer(nodes, constants);
  const inputs = naming.inputs ?? graph.inputs.map((_, i) => `x${i}`);
  const names = new Map<Value, string>(graph.inputs.map((v, i) => [v, inputs[i]!]));
  for (const v of topologicalOrder(graph.outputs)) {
    if (v.op === inputOp) continue;
    const at = { attributes: v.attributes, inputs: v.inputs, output: v };
    names.set(
      v,
      v.op.lower(
        onnx,
        v.inputs.map((i) => names.get(i)!),
        at,
      ),
    );
  }
  // An output may be an input, a constant or the same value twice; Identity gives each its own name.
  const outputs = naming.outputs ?? graph.outputs.map((_, i) => `y${i}`);
  for (const [i, v] of graph.outputs.entries()) {
    nodes.push(
      create(NodeProtoSchema, { opType: "Identity", input: [names.get(v)!], output: [outputs[i]!], name: outputs[i]! }),
    );
  }
  const otherDomains = [...new Set(nodes.map((n) => n.domain))].filter((domain) => domain !== "");
  const model = create(ModelProtoSchema, {
    irVersion,
    producerName: "distillery",
    opsetImport: [
      { domain: "", version: BigInt(opset) },
      ...otherDomains.map((domain) => ({ domain, version: 1n })),
    ],
    graph: {
      name: "graph",
      node: nodes,
      initializer: constants,
      input: graph.inputs.map((v, i) => describe(inputs[i]!, v)),
      output: graph.outputs.map((v, i) => describe(outputs[i]!, v)),
    },
    metadataProps: Object.entries(naming.metadata ?? {}).map(([key, value]) => ({ key, value })),
  });
  return { bytes: toBinary(ModelProtoSchema, model), inputs, outputs };
};
