// Networks of ONNX files: architecture, trained weights, and those that only ONNX Runtime can run.
import { dirname, isAbsolute, join, normalize } from "node:path";
import { channelAffine, constant, tensor, type Value } from "../../autodiff/index.ts";
import {
  decodeOnnx,
  inlined,
  Lacking,
  missingOperators,
  type OnnxFile,
  type OnnxNetwork,
  onnxNetwork,
} from "../../importer/index.ts";
import { DistilleryError } from "../../support/errors.ts";
import { readRegularFile, sha256, whyUnread } from "../../support/files.ts";
import type { NetworkTask } from "../../tasks/task.ts";
import type { Model } from "../model.ts";
import type { OwnNetwork } from "./own-file.ts";
import { withDigest, wrongOutputs } from "./traced.ts";

const wrong = (path: string, what: string, cause?: unknown): DistilleryError =>
  new DistilleryError("CHECKPOINT", `${path}: ${what}`, { cause });

const read = async (path: string, what: string): Promise<Uint8Array> => {
  try {
    return await readRegularFile(path);
  } catch (cause) {
    throw wrong(path, `${whyUnread(cause)}; expected ${what}`, cause);
  }
};

/** The bytes of tensors that lie in a file beside this one. @throws CHECKPOINT for a place outside of its folder. */
const beside =
  (path: string) =>
  (location: string): Promise<Uint8Array> => {
    if (isAbsolute(location) || normalize(location).startsWith(".."))
      throw wrong(path, `its weights lie in ${location}, outside of its folder; save it as one file`);
    return read(join(dirname(path), location), `the weights of ${path}; copy both files, or save the model as one`);
  };

/** Fails where a file says sizes of images other than the task's. */
const checkSizes = ({ path, shape }: OnnxFile, { image }: NetworkTask): void => {
  const [, channels = 3, height = image.height, width = image.width] = shape;
  if (channels === 3 && height === image.height && width === image.width) return;
  throw wrong(
    path,
    `it takes images of ${channels} channels at ${height}x${width}, but the data are of 3 at ${image.height}x${image.width}; ` +
      `${channels === 3 ? `resize them (--resize ${height}), or export it for their size` : "export it for 3 channels"}`,
  );
};

/** Images as the file takes them: normalised ones, or where its graph normalises by itself pixels from 0 to 1. */
const entering = ({ path, metadata }: OnnxFile, { normalisation }: NetworkTask) => {
  if (metadata.normalisation !== "inside") return undefined;
  if (normalisation !== undefined) return normalisation;
  throw wrong(path, "it normalises images by itself, but nobody says how these were normalised; give the data");
};

const listOf = (values: readonly number[]): Value => constant(tensor(Float32Array.from(values), [values.length]));

/** The operator, or the form of one, for which a network cannot be traced; undefined where it can. */
const lackOf = (file: OnnxFile, network: OnnxNetwork, task: NetworkTask): string | undefined => {
  const missing = missingOperators(file);
  if (missing.length > 0) return missing.join(", ");
  try {
    const problem = wrongOutputs(network, task);
    if (problem === undefined) return undefined;
    throw wrong(file.path, `${problem}; export it with such a last layer and without what comes after it`);
  } catch (cause) {
    if (cause instanceof Lacking) return cause.message;
    throw cause;
  }
};

const modelOf = (file: OnnxFile, name: string, task: NetworkTask, bytes: Uint8Array): Model => {
  checkSizes(file, task);
  const { weights, ...network } = onnxNetwork(file, task.outputs);
  const pixels = entering(file, task);
  const trained = { weights, sha256: sha256(bytes), bytes: bytes.length };
  const lacks = lackOf(file, { ...network, weights }, task);
  if (lacks !== undefined) {
    const opaque = {
      path: file.path,
      lacks,
      input: file.input,
      output: file.output,
      batch: file.shape[0],
      bytes: file.bytes,
    };
    return {
      ...network,
      name,
      task,
      norms: {},
      trained: { ...trained, weights: { parameters: {}, statistics: {} } },
      opaque: { ...opaque, ...(pixels && { pixels }) },
      forward: () => {
        throw new DistilleryError("RECIPE", `${file.path}: ${untraceable(lacks)}`);
      },
    };
  }
  const forward: Model["forward"] = (p, images, normalise) =>
    network.forward(p, pixels ? channelAffine(images, listOf(pixels.std), listOf(pixels.mean)) : images, normalise);
  return withDigest({ ...network, name, task, forward, trained });
};

/** Completes the error of a network that is asked for its gradients. */
export const untraceable = (lacks: string): string =>
  `no gradients go through ${lacks}; it can only make static labels, for methods that need no teachers (random, match): ` +
  "export it with other operators, or give another network";

/** Reads the network of an ONNX file, with weights that lie beside it. @throws CHECKPOINT. */
export const readOnnx = async (path: string, name: string): Promise<OwnNetwork> => {
  const bytes = await inlined(await read(path, "an ONNX file"), path, beside(path));
  const file = decodeOnnx(bytes, path);
  return { name, build: (task) => modelOf(file, name, task, bytes) };
};
