import {
  add,
  constant,
  float32,
  gradients,
  mapTree,
  mul,
  type Tensor,
  type TensorType,
  type Traced,
  trace,
  type Value,
} from "../autodiff/index.ts";
import type { Model, Weights } from "../models/model.ts";
import { inferenceNorm, statisticsTypes, trainingNorm } from "../nn/batch-norm.ts";
import { crossEntropy, distillationLoss } from "../nn/losses.ts";
import { hyperTypes, type Optimiser, slotTypes, updateAll } from "../nn/optimisers.ts";
import type { Tensors } from "../runtime/index.ts";

type Types = Record<string, TensorType>;

/** Everything of a network in training. */
export interface TrainState {
  readonly parameters: Types;
  readonly statistics: Types;
  readonly slots: Record<string, Types>;
}

/** images [N,3,H,W] normalised; targets: { targets: [N,C] } or nothing where teachers make them; the optimiser's scalars. */
export interface TrainFeeds {
  readonly images: TensorType;
  readonly targets: Types;
  readonly hyper: Types;
}

export type TrainFetches = { readonly loss: TensorType };

/** A network with fixed weights, inside another network's step. */
export interface Frozen {
  readonly model: Model;
  readonly weights: Weights;
}

/**
 * hard: targets are class probabilities. soft: targets are logits, compared at a temperature. dynamic: the teachers' mean
 * logits on the very images that the student sees.
 */
export type Objective =
  | { readonly kind: "hard" }
  | { readonly kind: "soft"; readonly temperature: number }
  | { readonly kind: "dynamic"; readonly temperature: number; readonly teachers: readonly Frozen[] };

/** Logits of a network with constant weights and running statistics. */
export const frozenLogits = ({ model, weights }: Frozen, images: Value): Value => {
  const { parameters, statistics } = mapTree<Weights, Tensor, Value>(weights, constant) as unknown as Weights<Value>;
  return model.forward(parameters, images, inferenceNorm(parameters, statistics));
};

const meanLogits = (teachers: readonly Frozen[], images: Value): Value => {
  const [first, ...rest] = teachers.map((teacher) => frozenLogits(teacher, images));
  return mul(
    rest.reduce((sum, z) => add(sum, z), first!),
    1 / teachers.length,
  );
};

const lossOf = (objective: Objective, logits: Value, images: Value, targets: Value | undefined): Value => {
  switch (objective.kind) {
    case "hard":
      return crossEntropy(logits, targets!);
    case "soft":
      return distillationLoss(logits, targets!, objective.temperature);
    case "dynamic":
      return distillationLoss(logits, meanLogits(objective.teachers, images), objective.temperature);
  }
};

export const trainStateTypes = (model: Model, optimiser: Optimiser): TrainState => {
  const parameters = Object.fromEntries(
    Object.entries(model.parameters).map(([name, { shape }]) => [name, float32(...shape)]),
  );
  return { parameters, statistics: statisticsTypes(model.norms), slots: slotTypes(optimiser, parameters) };
};

/** One step of training as one graph: forward with batch statistics, loss, backward, update. */
export const traceTrainStep = (
  model: Model,
  optimiser: Optimiser,
  objective: Objective,
  batch: number,
): Traced<{ state: TrainState; feeds: TrainFeeds }, { state: TrainState; fetches: TrainFetches }> => {
  const { classes, image } = model.task;
  const feeds: TrainFeeds = {
    images: float32(batch, 3, image.height, image.width),
    targets: objective.kind === "dynamic" ? {} : { targets: float32(batch, classes) },
    hyper: hyperTypes(optimiser),
  };
  return trace({ state: trainStateTypes(model, optimiser), feeds }, ({ state, feeds: { images, targets, hyper } }) => {
    const { normalise, updated } = trainingNorm(state.parameters, state.statistics);
    const logits = model.forward(state.parameters, images, normalise);
    const loss = lossOf(objective, logits, images, targets.targets);
    const { parameters, slots } = updateAll(
      optimiser,
      state.parameters,
      gradients(loss, state.parameters),
      state.slots,
      hyper,
    );
    // In the declared order: a state's outputs stand where its inputs stood.
    const statistics = Object.fromEntries(Object.keys(state.statistics).map((name) => [name, updated[name]!]));
    return { state: { parameters, statistics, slots }, fetches: { loss } };
  }) as Traced<{ state: TrainState; feeds: TrainFeeds }, { state: TrainState; fetches: TrainFetches }>;
};

export type TrainTensors = Tensors<TrainState>;
