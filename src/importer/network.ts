// The network in an ONNX file: parameters, normalisation layers, weights and a function of them.
import { reshape, sizeOf, type Tensor, type Value } from "../autodiff/index.ts";
import type { ParameterSpecs, Start } from "../nn/init.ts";
import type { Named } from "../nn/layers.ts";
import type { Part } from "../nn/parts.ts";
import type { OnnxFile } from "./file.ts";
import { asTensor, type Known } from "./known.ts";
import type { OnnxNode, Weighed } from "./operator.ts";
import { operators } from "./operators/registry.ts";
import { type Layers, walk } from "./walk.ts";

/** A network, and the numbers that its file has for it. */
export interface OnnxNetwork extends Part {
  readonly weights: { readonly parameters: Named<Tensor>; readonly statistics: Named<Tensor> };
}

/** Scale, shift, mean and variance of a batch norm by torch's names, in the order of the node's inputs. */
const members = ["weight", "bias", "running_mean", "running_var"] as const;

/**
 * An affine map that is no layer: mean 0, variance 1 and no epsilon are how distillery writes statistics that went into
 * scale and shift.
 */
const isAffine = ({ attributes }: OnnxNode, [, , mean, variance]: readonly Known[]): boolean =>
  attributes.epsilon === 0 &&
  Array.from(mean!.data).every((v) => v === 0) &&
  Array.from(variance!.data).every((v) => v === 1);

/** Names the batch norms: by their scales where those have torch's names, else by their number. */
const layersOf = ({
  nodes,
  known,
}: OnnxFile): { readonly layers: Layers; readonly lists: ReadonlyMap<string, readonly Known[]> } => {
  const layers = new Map<OnnxNode, string>();
  const lists = new Map<string, readonly Known[]>();
  for (const node of nodes) {
    if (node.operator !== "BatchNormalization") continue;
    const four = node.inputs.slice(1, 5).flatMap((name) => known.get(name) ?? []);
    if (four.length < 4 || isAffine(node, four)) continue;
    const [, named] = /^(.+)\.weight$/.exec(node.inputs[1]!) ?? [];
    const layer = named === undefined || lists.has(named) ? `norm.${lists.size}` : named;
    layers.set(node, layer);
    lists.set(layer, four);
  }
  return { layers, lists };
};

/** Starts of the known tensors that nodes learn, by their names. */
const startsOf = ({ nodes, known }: OnnxFile): Map<string, Start> => {
  const makers = new Map(nodes.flatMap((node) => node.outputs.map((name) => [name, node] as const)));
  const weighed = (node: OnnxNode): Weighed => ({
    node,
    shape: (i) => known.get(node.inputs[i] ?? "")?.shape,
    maker: (i) => {
      const maker = makers.get(node.inputs[i] ?? "");
      return maker && weighed(maker);
    },
  });
  const starts = new Map<string, Start>();
  for (const node of nodes) {
    const learnt = operators.get(node.operator)?.learns?.(weighed(node)) ?? {};
    for (const [i, start] of Object.entries(learnt)) {
      const name = node.inputs[Number(i)]!;
      if (!starts.has(name)) starts.set(name, start);
    }
  }
  return starts;
};

/**
 * Reads the network of an ONNX file. Filters, matrices, their biases and the scales and shifts of normalisation layers are
 * parameters; tensors of any other use stay as they are. `outputs` are the numbers for each image.
 */
export const onnxNetwork = (file: OnnxFile, outputs: number): OnnxNetwork => {
  const { layers, lists } = layersOf(file);
  const starts = [...startsOf(file)];
  const fill = (value: number): Start => ({ kind: "fill", value });
  const specs: ParameterSpecs = {
    ...Object.fromEntries(starts.map(([name, start]) => [name, { shape: file.known.get(name)!.shape, start }])),
    ...Object.fromEntries(
      [...lists].flatMap(([layer, [scale, shift]]) => [
        [`${layer}.weight`, { shape: scale!.shape, start: fill(1) }],
        [`${layer}.bias`, { shape: shift!.shape, start: fill(0) }],
      ]),
    ),
  };
  const stated = [...lists].flatMap(([layer, four]) =>
    four.map((one, i) => [`${layer}.${members[i]!}`, asTensor(one)] as const),
  );
  const own = starts.map(([name]) => [name, asTensor(file.known.get(name)!)] as const);
  return {
    parameters: specs,
    norms: Object.fromEntries([...lists].map(([layer, [scale]]) => [layer, sizeOf(scale!.shape)])),
    weights: {
      parameters: Object.fromEntries([...own, ...stated.filter(([name]) => !/running_(mean|var)$/.test(name))]),
      statistics: Object.fromEntries(stated.filter(([name]) => /running_(mean|var)$/.test(name))),
    },
    forward: (p, images, normalise) => {
      const learnt = Object.fromEntries(starts.map(([name]): [string, Value] => [name, p[name]!]));
      const result = walk(file, layers, learnt, images, normalise);
      const flat = [images.shape[0]!, outputs];
      return result.shape.length > 2 && sizeOf(result.shape) === sizeOf(flat) ? reshape(result, flat) : result;
    },
  };
};
