// The record of a network, and its weights.
import { float32, sizeOf, type Tensor, type TensorType, type Value } from "../autodiff/index.ts";
import { type Normalise, statisticsTypes } from "../nn/batch-norm.ts";
import { initialise, type ParameterSpecs } from "../nn/init.ts";
import type { Named } from "../nn/layers.ts";
import type { Images } from "../nn/whitening.ts";
import type { Random } from "../support/random.ts";
import type { NetworkTask } from "../tasks/task.ts";

/**
 * Images of up to 64 pixels get a network's small form, whose first layers keep their size where the large form's halve it:
 * what is published on Tiny-ImageNet (SRe2L, G-VBSM, RDED) has it too.
 */
export const isSmall = ({ image }: NetworkTask): boolean => Math.min(image.height, image.width) <= 64;

/** A network: parameters as data and a pure function of them. */
export interface Model {
  /** Full name, e.g. "convnet128x3". */
  readonly name: string;
  readonly task: NetworkTask;
  readonly parameters: ParameterSpecs;
  /** Normalisation layers in the order in which data meets them, with their channels. */
  readonly norms: Named<number>;
  /** Weight of a batch's statistics in the running ones (torch's momentum); 0.1 where absent. */
  readonly statisticsMomentum?: number;
  /** Parameters that training leaves as they start. */
  readonly frozen?: readonly string[];
  /** Parameters that are computed from normalised training images before the first step, where there are such. */
  fit?(images: Images): Readonly<Record<string, Tensor>>;
  /** Digest of what it computes, of a network that a file defines: with its name it stands in the keys of results. */
  readonly digest?: string;
  /** The weights in the file that defines it, and the file's hash and size. */
  readonly trained?: { readonly weights: Weights; readonly sha256: string; readonly bytes: number };
  /** Set where only ONNX Runtime can run it. */
  readonly opaque?: Opaque;
  /** The task's outputs [N, outputs] for images [N, 3, H, W]. */
  forward(parameters: Named<Value>, images: Value, normalise: Normalise): Value;
}

/** A network of an ONNX file that cannot be traced. */
export interface Opaque {
  readonly path: string;
  /** The operator, or the form of one, that has no record here. */
  readonly lacks: string;
  readonly input: string;
  readonly output: string;
  /** Images at a time, where the file fixes them. */
  readonly batch: number | undefined;
  /** Set where it takes pixels from 0 to 1: normalised images are brought back by these. */
  readonly pixels?: NonNullable<NetworkTask["normalisation"]>;
  bytes(): Uint8Array;
}

/** Name of a network in keys: files may define others under one name. */
export const identityOf = ({ name, digest }: Model): string => (digest === undefined ? name : `${name} ${digest}`);

/** A network's numbers. `statistics` are the running means and variances of its normalisation layers. */
export interface Weights<T = Tensor> {
  readonly parameters: Named<T>;
  readonly statistics: Named<T>;
}

/**
 * Untrained weights: running means 0, running variances 1. What a network computes from training images comes from
 * `images`; without them it is drawn like the rest.
 */
export const freshWeights = (model: Model, random: Random, images?: Images): Weights => ({
  parameters: { ...initialise(model.parameters, random), ...(images && model.fit?.(images)) },
  statistics: initialise(
    Object.fromEntries(
      Object.entries(model.norms).flatMap(([name, channels]) => [
        [`${name}.running_mean`, { shape: [channels], start: { kind: "fill", value: 0 } as const }],
        [`${name}.running_var`, { shape: [channels], start: { kind: "fill", value: 1 } as const }],
      ]),
    ),
    random,
  ),
});

/** Types of a network's numbers, by their names. */
export const weightTypes = ({ parameters, norms }: Pick<Model, "parameters" | "norms">): Weights<TensorType> => ({
  parameters: Object.fromEntries(Object.entries(parameters).map(([name, { shape }]) => [name, float32(...shape)])),
  statistics: statisticsTypes(norms),
});

/** Number of parameters, running statistics not counted. */
export const parameterCount = (model: Model): number =>
  Object.values(model.parameters).reduce((n, { shape }) => n + sizeOf(shape), 0);
