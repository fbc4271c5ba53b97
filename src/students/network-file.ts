// A trained network as an ONNX file that takes pixels.
import { channelAffine, constant, float32, floats, mapTree, softmax, trace } from "../autodiff/index.ts";
import type { Normalisation } from "../data/dataset.ts";
import type { Weights } from "../models/model.ts";
import { type Normalise, usualEpsilon } from "../nn/batch-norm.ts";
import { encodeModel } from "../onnx/encode.ts";
import type { Frozen } from "../training/train-step.ts";

/** Size of the batch that a network is traced for, which stands for any: a prime that no size in a network is a multiple of. */
const anyBatch = 1_000_003;

const perChannel = (values: ArrayLike<number>) => constant({ data: Float32Array.from(values), shape: [values.length] });

/** Normalisation by running statistics, computed beforehand: one scale and one shift a channel are all that the file holds. */
const fixedNorm =
  ({ parameters, statistics }: Weights): Normalise =>
  (z, layer, epsilon = usualEpsilon) => {
    const [gamma, beta, mean, variance] = [
      parameters[`${layer}.weight`],
      parameters[`${layer}.bias`],
      statistics[`${layer}.running_mean`],
      statistics[`${layer}.running_var`],
    ].map((values) => floats(values!));
    const scale = gamma!.map((value, c) => value / Math.sqrt(variance![c]! + epsilon));
    return channelAffine(z, perChannel(scale), perChannel(beta!.map((value, c) => value - mean![c]! * scale[c]!)));
  };

/**
 * An ONNX model of standard operators: `images` [N, 3, H, W], pixels from 0 to 1, to `logits` and `probabilities` [N, C], for
 * any N. The normalisation is inside; `metadata` becomes the file's own.
 */
export const encodeNetwork = (
  { model, weights }: Frozen,
  { mean, std }: Normalisation,
  metadata: Readonly<Record<string, string>>,
): Uint8Array => {
  const { height, width } = model.task.image;
  const { graph } = trace({ images: float32(anyBatch, 3, height, width) }, ({ images }) => {
    const scales = perChannel(std.map((value) => 1 / value));
    const normal = channelAffine(images, scales, perChannel(mean.map((value, c) => -value / std[c]!)));
    const logits = model.forward(mapTree(weights.parameters, constant), normal, fixedNorm(weights));
    return { logits, probabilities: softmax(logits) };
  });
  return encodeModel(graph, {
    inputs: ["images"],
    outputs: ["logits", "probabilities"],
    metadata,
    anySize: { name: "N", traced: anyBatch },
  }).bytes;
};

/** Facts of such a file for its readers, ours too; lists are JSON. */
export const networkFacts = (
  architecture: string,
  classes: readonly string[],
  { mean, std }: Normalisation,
): Record<string, string> => ({
  architecture,
  classes: JSON.stringify(classes),
  pixels: "RGB, 0 to 1",
  normalisation: "inside",
  mean: JSON.stringify(mean),
  std: JSON.stringify(std),
});
