// The network of a file as it is traced: its outputs, and a digest of what it computes.
import { float32, trace } from "../../autodiff/index.ts";
import { inferenceNorm } from "../../nn/batch-norm.ts";
import type { Part } from "../../nn/parts.ts";
import { encodeModel } from "../../onnx/encode.ts";
import { sha256 } from "../../support/files.ts";
import type { NetworkTask } from "../../tasks/task.ts";
import { type Model, weightTypes } from "../model.ts";

/** Two, so that a number of images that is written into a network is noticed. */
const images = 2;

/** A network over two images, with weights and statistics as inputs. */
const traceNetwork = (network: Part, { image }: NetworkTask) =>
  trace({ images: float32(images, 3, image.height, image.width), ...weightTypes(network) }, (given) => ({
    outputs: network.forward(given.parameters, given.images, inferenceNorm(given.parameters, given.statistics)),
  }));

/** Completes an error about what a network puts out; undefined where that is a number for each output of the task. */
export const wrongOutputs = (network: Part, task: NetworkTask): string | undefined => {
  const [n, ...sizes] = traceNetwork(network, task).outputs.outputs.shape;
  if (n === images && sizes.length === 1 && sizes[0] === task.outputs) return undefined;
  return `it puts out [${[n === images ? "N" : n, ...sizes]}] for N images, expected [N,${task.outputs}], a number for each class`;
};

/**
 * A model with the digest of its traced network and of the shapes and starts of its parameters: one whose file, or whatever
 * that imports, was changed is another network, and one of which only the comments were changed is the same.
 */
export const withDigest = (model: Model): Model => {
  const { task, parameters, norms, frozen, statisticsMomentum } = model;
  const said = JSON.stringify([parameters, norms, frozen, statisticsMomentum]);
  const { bytes } = encodeModel(traceNetwork(model, task).graph);
  return { ...model, digest: sha256(said + sha256(bytes)).slice(0, 16) };
};
