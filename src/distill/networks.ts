// The networks whose features are matched, one of which is fed to every step.

import type { Tensor, TensorType, Value } from "../autodiff/index.ts";
import { freshWeights, type Model, weightTypes } from "../models/model.ts";
import type { Normalise } from "../nn/batch-norm.ts";
import type { Named } from "../nn/layers.ts";
import type { Random } from "../support/random.ts";
import type { Frozen } from "../training/train-step.ts";
import type { Groups } from "./objectives/objective.ts";

export interface Networks {
  readonly model: Model;
  /** Types of `parameters` and, where its normalisation layers need them, `statistics`. */
  readonly types: Groups<TensorType>;
  /** The normalisation of one that is fed; no image may change another. */
  normalise(parameters: Named<Value>, statistics: Named<Value>): Normalise;
  /** A trained one that tells images apart in the place of those that are fed, where these cannot be relied on. */
  readonly judge?: Frozen;
}

/** Networks of which each step sees one. */
export interface DrawnNetworks extends Networks {
  draw(step: number): Promise<Groups<Tensor>>;
}

/** Networks that are known one by one. */
export interface KnownNetworks extends Networks {
  readonly count: number;
  /** Moments at which each network is kept, also before its training: number `index` is of moment `index` modulo so many. */
  readonly moments: number;
  /** Network number `index`, in buffers of its own: a run takes what it is fed. */
  at(index: number): Groups<Tensor>;
  /** Digest of them all. */
  readonly key: string;
}

export const parameterTypes = (model: Model): Named<TensorType> => weightTypes(model).parameters;

/** Untrained networks, which must treat every image for itself (instance norm): no statistics are known. */
export const freshNetworks = (model: Model, random: (step: number) => Random): DrawnNetworks => ({
  model,
  types: { parameters: parameterTypes(model) },
  normalise: () => (z) => z,
  draw: async (step) => ({ parameters: freshWeights(model, random(step)).parameters }),
});
