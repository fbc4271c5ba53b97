// Encoding a graph as an ONNX model.
import { create, toBinary } from "@bufbuild/protobuf";
import { depths, type Graph, topologicalOrder } from "../autodiff/graph.ts";
import type { OnnxAttribute, OnnxWriter } from "../autodiff/onnx-writer.ts";
import { inputOp, literalOp } from "../autodiff/ops/leaves.ts";
import { sameShape, sizeOf, type Tensor, type TensorType, tensor } from "../autodiff/types.ts";
import { isOf, type ResultOf, type Value } from "../autodiff/value.ts";
import { DistilleryError } from "../support/errors.ts";
import {
  type AttributeProto,
  AttributeProtoSchema,
  type GraphProto,
  GraphProtoSchema,
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
const attributeType = { float: 1, int: 2, string: 3, floats: 6, ints: 7 } as const;

const bytesOf = (data: Float32Array | BigInt64Array): Uint8Array =>
  new Uint8Array(data.buffer, data.byteOffset, data.byteLength);

const encodeAttribute = (name: string, value: OnnxAttribute): AttributeProto => {
  if (typeof value === "number")
    return create(AttributeProtoSchema, { name, type: attributeType.int, i: BigInt(value) });
  if (typeof value === "string")
    return create(AttributeProtoSchema, { name, type: attributeType.string, s: new TextEncoder().encode(value) });
  if ("float" in value) return create(AttributeProtoSchema, { name, type: attributeType.float, f: value.float });
  if ("floats" in value)
    return create(AttributeProtoSchema, { name, type: attributeType.floats, floats: [...value.floats] });
  return create(AttributeProtoSchema, { name, type: attributeType.ints, ints: value.map(BigInt) });
};

/** A first dimension of any size, for which a graph was traced at a size that no other of its dimensions is a multiple of. */
export interface AnySize {
  readonly name: string;
  readonly traced: number;
}

const varies = (size: number, any: AnySize | undefined): boolean => any !== undefined && size % any.traced === 0;

/** The shape to write for a reshape: -1, which ONNX fills in, stands for a size that varies. */
const openShape = (shape: readonly number[], any: AnySize | undefined): readonly number[] =>
  shape.map((size) => (varies(size, any) ? -1 : size));

/** A type some of whose dimensions have a name in place of a size: each run decides. */
interface OpenType extends Pick<TensorType, "dtype"> {
  readonly shape: readonly (number | string)[];
}

const openType = ({ dtype, shape }: TensorType, any: AnySize | undefined): OpenType => ({
  dtype,
  shape: shape.map((size) => (any !== undefined && varies(size, any) ? any.name : size)),
});

/** Declares an input or output of a graph. */
export const describe = (name: string, { dtype, shape }: OpenType): ValueInfoProto =>
  create(ValueInfoProtoSchema, {
    name,
    type: {
      value: {
        case: "tensorType",
        value: {
          elemType: elementType[dtype],
          shape: {
            dim: shape.map((d) => ({
              value:
                typeof d === "string"
                  ? { case: "dimParam" as const, value: d }
                  : { case: "dimValue" as const, value: BigInt(d) },
            })),
          },
        },
      },
    },
  });

const writer = (nodes: NodeProto[], constants: TensorProto[], any: AnySize | undefined): OnnxWriter => {
  /** Constants cannot vary: a graph that needs such a one is of one size. */
  const checkFixed = (sizes: readonly number[]): void => {
    if (!sizes.some((size) => size > 0 && varies(size, any))) return;
    throw new DistilleryError("SHAPE", `the graph holds a constant of [${sizes}], so ${any!.name} cannot be any size`);
  };
  let count = 0;
  const shared = new Map<string, string>();
  const store = (key: string | undefined, data: Float32Array | BigInt64Array, shape: readonly number[]): string => {
    const known = key === undefined ? undefined : shared.get(key);
    if (known !== undefined) return known;
    checkFixed(shape);
    const name = `c${constants.length}`;
    const dataType = data instanceof Float32Array ? elementType.float32 : elementType.int64;
    constants.push(create(TensorProtoSchema, { name, dims: shape.map(BigInt), dataType, rawData: bytesOf(data) }));
    if (key !== undefined) shared.set(key, name);
    return name;
  };
  const nodesWith: OnnxWriter["nodes"] = (opType, inputs, attributes, outputs) => {
    const output = Array.from({ length: outputs }, () => `t${count++}`);
    const attribute = Object.entries(attributes).map(([name, value]) => encodeAttribute(name, value));
    const [name, domain = ""] = opType.split("::").reverse();
    nodes.push(
      create(NodeProtoSchema, { opType: name!, domain, input: [...inputs], output, name: output[0]!, attribute }),
    );
    return output;
  };
  const node: OnnxWriter["node"] = (opType, inputs, attributes = {}) => nodesWith(opType, inputs, attributes, 1)[0]!;
  const ints: OnnxWriter["ints"] = (values) => {
    checkFixed(values);
    return store(`ints ${values}`, BigInt64Array.from(values, BigInt), [values.length]);
  };
  /** The tensor that each reshape's result is a view of. */
  const viewed = new Map<string, { source: string; shape: readonly number[] | undefined }>();
  const views = new Map<string, string>();
  const split = new Map<string, readonly string[]>();
  return {
    nodes: nodesWith,
    node,
    reshape: (x, to, from) => {
      const origin = viewed.get(x) ?? { source: x, shape: from };
      if (origin.shape !== undefined && sameShape(origin.shape, to)) return origin.source;
      const key = `${origin.source} ${to}`;
      const view = views.get(key) ?? node("Reshape", [origin.source, ints(openShape(to, any))]);
      views.set(key, view);
      viewed.set(view, origin);
      return view;
    },
    part: (x, axis, index, parts) => {
      const key = `${x} ${axis} ${parts}`;
      const all = split.get(key) ?? nodesWith("Split", [x], { axis, num_outputs: parts }, parts);
      split.set(key, all);
      return all[index]!;
    },
    ints,
    floats: (data, shape) => store(undefined, data, shape),
    longs: (data, shape) => store(undefined, data, shape),
    fill: (value, shape) =>
      store(`fill ${Object.is(value, -0) ? "-0" : value} ${shape}`, new Float32Array(sizeOf(shape)).fill(value), shape),
  };
};

/**
 * Gives the results their names. A node's own output is renamed; an input, a constant or a second result of the same value
 * gets its name by Identity.
 */
const nameResults = (nodes: NodeProto[], results: readonly string[], names: readonly string[]): void => {
  const made = new Set(nodes.flatMap((n) => n.output));
  const renamed = new Map<string, string>();
  const copies: NodeProto[] = [];
  for (const [i, result] of results.entries()) {
    const name = names[i]!;
    if (made.has(result) && !renamed.has(result)) renamed.set(result, name);
    else copies.push(create(NodeProtoSchema, { opType: "Identity", input: [result], output: [name], name }));
  }
  const rename = (list: readonly string[]): string[] => list.map((name) => renamed.get(name) ?? name);
  nodes.push(...copies);
  for (const n of nodes) {
    n.input = rename(n.input);
    n.output = rename(n.output);
    n.name = n.output[0]!;
  }
};

/** The nodes that the outputs depend on. */
const reachable = (nodes: readonly NodeProto[], outputs: readonly string[]): NodeProto[] => {
  const needed = new Set(outputs);
  const kept = nodes.toReversed().filter((n) => {
    if (!n.output.some((name) => needed.has(name))) return false;
    for (const name of n.input) needed.add(name);
    return true;
  });
  return kept.reverse();
};

const constantsOf = (nodes: readonly NodeProto[], constants: readonly TensorProto[]): TensorProto[] => {
  const needed = new Set(nodes.flatMap((n) => n.input));
  return constants.filter((c) => needed.has(c.name));
};

/** A model of the standard operators and the names of its inputs and outputs, in the graph's order. */
export interface EncodedModel {
  readonly bytes: Uint8Array;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Constants that are further inputs instead of being part of the file. */
  readonly fed: Readonly<Record<string, Tensor>>;
}

export interface Naming {
  /** Names of inputs and outputs; x0, x1, ... and y0, y1, ... by default. */
  readonly inputs?: readonly string[];
  readonly outputs?: readonly string[];
  /** Key-value pairs for the reader of the file. */
  readonly metadata?: Readonly<Record<string, string>>;
  readonly anySize?: AnySize;
  /** Constants of at least so many elements become inputs; none by default. */
  readonly feedFrom?: number;
}

/** A graph's nodes, with the names of its inputs and outputs in its order, and the constants that are further inputs. */
interface EncodedGraph extends Omit<EncodedModel, "bytes"> {
  readonly proto: GraphProto;
}

/** Lowers every value of a graph. */
export const encodeGraph = (graph: Graph, naming: Omit<Naming, "metadata"> = {}): EncodedGraph => {
  const nodes: NodeProto[] = [];
  const constants: TensorProto[] = [];
  const { anySize } = naming;
  const onnx = writer(nodes, constants, anySize);
  const inputs = naming.inputs ?? graph.inputs.map((_, i) => `x${i}`);
  const fed: { name: string; value: ResultOf<typeof literalOp> }[] = [];
  const names = new Map<Value, string>(graph.inputs.map((v, i) => [v, inputs[i]!]));
  // ONNX Runtime walks back from the results and takes the node that comes last in the file first. The longest chain is
  // named last, then, so that what is cheap to make (masks, transformed filters) is made just before its use.
  for (const v of topologicalOrder(graph.outputs, depths(graph.outputs))) {
    if (v.op === inputOp) continue;
    if (isOf(v, literalOp) && sizeOf(v.shape) >= (naming.feedFrom ?? Number.POSITIVE_INFINITY)) {
      const name = `k${fed.length}`;
      fed.push({ name, value: v });
      names.set(v, name);
      continue;
    }
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
  const outputs = naming.outputs ?? graph.outputs.map((_, i) => `y${i}`);
  const results = graph.outputs.map((v) => names.get(v)!);
  nameResults(nodes, results, outputs);
  const used = reachable(nodes, outputs);
  const proto = create(GraphProtoSchema, {
    name: "graph",
    node: used,
    initializer: constantsOf(used, constants),
    input: [
      ...graph.inputs.map((v, i) => describe(inputs[i]!, openType(v, anySize))),
      ...fed.map(({ name, value }) => describe(name, value)),
    ],
    output: graph.outputs.map((v, i) => describe(outputs[i]!, openType(v, anySize))),
  });
  return {
    proto,
    inputs,
    outputs,
    fed: Object.fromEntries(fed.map(({ name, value }) => [name, tensor(value.attributes.data, value.shape)])),
  };
};

/** The nodes of a graph and of the bodies of its loops. */
const nodesIn = ({ node }: GraphProto): NodeProto[] =>
  node.flatMap((n) => [n, ...n.attribute.flatMap(({ g }) => (g === undefined ? [] : nodesIn(g)))]);

/** The file of a graph: an ONNX ModelProto. */
export const modelOf = (graph: GraphProto, metadata: Naming["metadata"] = {}): Uint8Array => {
  const domains = [...new Set(nodesIn(graph).map(({ domain }) => domain))].filter((domain) => domain !== "");
  const model = create(ModelProtoSchema, {
    irVersion,
    producerName: "distillery",
    opsetImport: [{ domain: "", version: BigInt(opset) }, ...domains.map((domain) => ({ domain, version: 1n }))],
    graph,
    metadataProps: Object.entries(metadata).map(([key, value]) => ({ key, value })),
  });
  return toBinary(ModelProtoSchema, model);
};

/** Lowers every value of a graph and encodes the result as an ONNX ModelProto. */
export const encodeModel = (graph: Graph, naming: Naming = {}): EncodedModel => {
  const { proto, ...encoded } = encodeGraph(graph, naming);
  return { bytes: modelOf(proto, naming.metadata), ...encoded };
};
