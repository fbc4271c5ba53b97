// Walking an ONNX graph: every node read as traced values, or folded to numbers.
import type { Value } from "../autodiff/index.ts";
import type { Normalise } from "../nn/batch-norm.ts";
import type { Named } from "../nn/layers.ts";
import { DistilleryError } from "../support/errors.ts";
import { reasonOf } from "../support/files.ts";
import { plural } from "../support/format.ts";
import type { OnnxFile } from "./file.ts";
import { asValue, type Operand } from "./known.ts";
import { Lacking, type OnnxNode } from "./operator.ts";
import { operators } from "./operators/registry.ts";

/** Names of the normalisation layers that are nodes. */
export type Layers = ReadonlyMap<OnnxNode, string>;

/** The operators of a file that have no record here. */
export const missingOperators = ({ nodes }: OnnxFile): string[] =>
  [...new Set(nodes.map(({ operator }) => operator))].filter((name) => !operators.has(name));

const fits = (path: string, { operator, name }: OnnxNode, cause: unknown): DistilleryError =>
  new DistilleryError(
    "CHECKPOINT",
    `${path}: its ${operator}${name === "" ? "" : ` ${name}`} does not take these images (${reasonOf(cause)}); export it for this image size, with any number of images`,
    { cause },
  );

/**
 * The outputs of a file's network for images [N, 3, H, W].
 * @throws Lacking where the operators here cannot say it, CHECKPOINT where the images do not fit.
 */
export const walk = (
  file: OnnxFile,
  layers: Layers,
  parameters: Named<Value>,
  images: Value,
  normalise: Normalise,
): Value => {
  const found = new Map<string, Operand>([...file.known, ...Object.entries(parameters), [file.input, images]]);
  const batch = { file: file.shape[0], asked: images.shape[0]! };
  for (const node of file.nodes) {
    const operator = operators.get(node.operator);
    if (operator === undefined) throw new Lacking(node.operator);
    const inputs = node.inputs.map((name) => (name === "" ? undefined : found.get(name)));
    try {
      const result = operator.read({ node, opset: file.opset, inputs, batch, normalise, layer: layers.get(node) });
      const results = Array.isArray(result) ? (result as readonly Operand[]) : [result as Operand];
      for (const [i, one] of results.entries()) if (node.outputs[i] !== undefined) found.set(node.outputs[i], one);
    } catch (cause) {
      if (cause instanceof Lacking) throw cause;
      // One that is written for other images throughout can still be run on so many.
      if (batch.file !== undefined && batch.file !== batch.asked)
        throw new Lacking(`${node.operator} for just ${plural(batch.file, "image")} at a time`);
      throw fits(file.path, node, cause);
    }
  }
  return asValue(found.get(file.output)!);
};
