// Decoding an ONNX file into its nodes, known tensors, input and output.
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import {
  type AttributeProto,
  type ModelProto,
  ModelProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from "../onnx/onnx_pb.ts";
import { DistilleryError } from "../support/errors.ts";
import { reasonOf } from "../support/files.ts";
import { isFloatType, type Known, knownOf } from "./known.ts";
import type { Attribute, OnnxNode } from "./operator.ts";

/** An ONNX file of one network: images in, numbers for each image out. */
export interface OnnxFile {
  /** Its path, for messages. */
  readonly path: string;
  readonly opset: number;
  /** In the order of the file, in which a node stands after those that make its inputs; only those that the output needs. */
  readonly nodes: readonly OnnxNode[];
  /** Weights and other tensors by name. */
  readonly known: ReadonlyMap<string, Known>;
  readonly input: string;
  /** Sizes of the input; undefined where the file leaves one open. */
  readonly shape: readonly (number | undefined)[];
  /** Logits: the input of a last softmax where there is one. */
  readonly output: string;
  /** Key-value pairs for the reader of the file. */
  readonly metadata: Readonly<Record<string, string>>;
  /** The file as a model that puts out nothing but `output`. */
  bytes(): Uint8Array;
}

/** Versions of the standard operators that the records are written for. */
const opsets = { least: 9, most: 22 } as const;

const wrong = (path: string, what: string, cause?: unknown): DistilleryError =>
  new DistilleryError("CHECKPOINT", `${path}: ${what}`, { cause });

const parse = (bytes: Uint8Array, path: string): ModelProto => {
  try {
    const model = fromBinary(ModelProtoSchema, bytes);
    if (model.graph !== undefined && model.graph.node.length > 0 && model.opsetImport.length > 0) return model;
  } catch (cause) {
    throw wrong(path, `no ONNX file, or a damaged one (${reasonOf(cause)}); export it again`, cause);
  }
  throw wrong(path, "no ONNX file: it has no operators; give a model as torch.onnx.export writes it");
};

const textOf = (bytes: Uint8Array | undefined): string => new TextDecoder().decode(bytes);

/** By the number of AttributeProto.AttributeType; graphs and lists of tensors are left out. */
const attributeOf = (attribute: AttributeProto, path: string): Attribute | undefined => {
  switch (attribute.type) {
    case 1:
      return attribute.f ?? 0;
    case 2:
      return Number(attribute.i ?? 0);
    case 3:
      return textOf(attribute.s);
    case 4:
      return attribute.t && knownOf(attribute.t, path);
    case 6:
      return attribute.floats;
    case 7:
      return attribute.ints.map(Number);
    case 8:
      return attribute.strings.map(textOf);
    default:
      return undefined;
  }
};

const standard = new Set(["", "ai.onnx"]);

const nodesOf = ({ graph }: ModelProto, path: string): OnnxNode[] =>
  graph!.node.map(({ opType, domain, name, input, output, attribute }) => ({
    operator: standard.has(domain) ? opType : `${domain}::${opType}`,
    name,
    inputs: input,
    outputs: output,
    attributes: Object.fromEntries(
      attribute.flatMap((one) => {
        const value = attributeOf(one, path);
        return value === undefined ? [] : [[one.name, value]];
      }),
    ),
  }));

/** The tensor that a node is, where its operator is Constant. */
const constantOf = ({ operator, attributes }: OnnxNode): Known | undefined => {
  if (operator !== "Constant") return undefined;
  const [[name, value] = ["", undefined]] = Object.entries(attributes);
  if (typeof value === "object" && "whole" in value) return value;
  const whole = name.startsWith("value_int");
  if (typeof value === "number") return { whole, shape: [], data: [value] };
  return Array.isArray(value) ? { whole, shape: [value.length], data: value.map(Number) } : undefined;
};

/** The nodes that a result depends on. */
const leadingTo = (nodes: readonly OnnxNode[], output: string): OnnxNode[] => {
  const needed = new Set([output]);
  const kept = nodes.toReversed().filter(({ inputs, outputs }) => {
    if (!outputs.some((name) => needed.has(name))) return false;
    for (const name of inputs) needed.add(name);
    return true;
  });
  return kept.reverse();
};

const sizesOf = ({ type }: ValueInfoProto): (number | undefined)[] =>
  (type?.value.value?.shape?.dim ?? []).map(({ value }) =>
    value.case === "dimValue" && value.value > 0n ? Number(value.value) : undefined,
  );

/**
 * An ONNX file with the tensors that lie in files beside it, which `beside` reads by the names that the file gives them.
 * @throws CHECKPOINT for a damaged file, or one beside it that was cut.
 */
export const inlined = async (
  bytes: Uint8Array,
  path: string,
  beside: (location: string) => Promise<Uint8Array>,
): Promise<Uint8Array> => {
  const model = parse(bytes, path);
  const apart = model.graph!.initializer.filter(({ dataLocation }) => dataLocation === 1);
  if (apart.length === 0) return bytes;
  const files = new Map<string, Uint8Array>();
  for (const proto of apart) {
    const {
      location = "",
      offset = "0",
      length,
    } = Object.fromEntries(proto.externalData.map(({ key, value }) => [key, value])) as Partial<Record<string, string>>;
    const content = files.get(location) ?? (await beside(location));
    files.set(location, content);
    const from = Number(offset);
    const to = length === undefined ? content.length : from + Number(length);
    // Negated, so that offsets that are no numbers are refused too.
    if (!(0 <= from && from <= to && to <= content.length)) {
      throw wrong(
        path,
        `its tensor ${proto.name} lies at bytes ${from} to ${to} of ${location}, which has ${content.length}; copy both files again`,
      );
    }
    proto.rawData = content.subarray(from, to);
    proto.dataLocation = 0;
    proto.externalData = [];
  }
  return toBinary(ModelProtoSchema, model);
};

/** One input and one output besides the weights. */
const endsOf = (model: ModelProto, known: ReadonlyMap<string, Known>, path: string) => {
  const graph = model.graph!;
  const inputs = graph.input.filter(({ name }) => !known.has(name));
  const [input] = inputs;
  const type = input?.type?.value.value?.elemType ?? 1;
  if (input === undefined || inputs.length > 1 || !isFloatType(type) || ![0, 4].includes(sizesOf(input).length)) {
    const names = inputs.map((one) => `${one.name} [${sizesOf(one).map((d) => d ?? "?")}]`).join(", ") || "none";
    throw wrong(path, `expected one input of images as floats, [N, 3, H, W], got ${names}; export the network alone`);
  }
  const output = graph.output.find(({ name }) => name === "logits") ?? graph.output[0];
  if (output === undefined) throw wrong(path, "it puts nothing out; export it again");
  return { input, output };
};

/** Shared weights under their other names, as older exporters of PyTorch write equal ones; each is a parameter of its own. */
const nameAliases = (nodes: readonly OnnxNode[], known: Map<string, Known>): void => {
  for (const { operator, inputs, outputs } of nodes) {
    const same = operator === "Identity" ? known.get(inputs[0]!) : undefined;
    if (same !== undefined) known.set(outputs[0]!, same);
  }
};

/**
 * Decodes an ONNX file that holds all of its tensors; `path` is what errors call it.
 * @throws CHECKPOINT for a damaged one, of other versions of the operators than 9 to 22, or of other than one input of images.
 */
export const decodeOnnx = (bytes: Uint8Array, path: string): OnnxFile => {
  const model = parse(bytes, path);
  const opset = Number(model.opsetImport.find(({ domain }) => standard.has(domain))?.version ?? 0);
  if (opset < opsets.least || opset > opsets.most) {
    const range = `${opsets.least} to ${opsets.most}`;
    throw wrong(
      path,
      `it is written in version ${opset} of ONNX's operators, expected ${range}; export it with opset_version=17`,
    );
  }
  const known = new Map<string, Known>();
  for (const proto of model.graph!.initializer) {
    const tensor = knownOf(proto, path);
    if (tensor !== undefined) known.set(proto.name, tensor);
  }
  const nodes = nodesOf(model, path);
  for (const node of nodes) {
    const constant = constantOf(node);
    if (constant !== undefined) known.set(node.outputs[0]!, constant);
  }
  nameAliases(nodes, known);
  const { input, output } = endsOf(model, known, path);
  const last = nodes.find(({ outputs }) => outputs.includes(output.name));
  const logits = last?.operator === "Softmax" ? last.inputs[0]! : output.name;
  return {
    path,
    opset,
    nodes: leadingTo(nodes, logits).filter(({ outputs }) => !known.has(outputs[0]!)),
    known,
    input: input.name,
    shape: sizesOf(input),
    output: logits,
    metadata: Object.fromEntries(model.metadataProps.map(({ key, value }) => [key, value])),
    bytes: () => {
      const only = create(ValueInfoProtoSchema, { ...output, name: logits });
      return toBinary(ModelProtoSchema, { ...model, graph: { ...model.graph!, output: [only] } });
    },
  };
};
