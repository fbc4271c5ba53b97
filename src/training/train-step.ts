// One step of training a network, as a graph.
import {
  add,
  constant,
  float32,
  gradients,
  mapTree,
  mul,
  type Step,
  type TensorType,
  trace,
  type Value,
} from "../autodiff/index.ts";
import { type Model, type Weights, weightTypes } from "../models/model.ts";
import { inferenceNorm, trainingNorm } from "../nn/batch-norm.ts";
import type { Named } from "../nn/layers.ts";
import { lookaheadUpdate, slowHyperTypes } from "../nn/lookahead.ts";
import { hyperTypes, type Optimiser, slotTypes, updateAll, zerosLike } from "../nn/optimisers.ts";
import type { Tensors } from "../runtime/index.ts";
import type { NetworkTask } from "../tasks/task.ts";

type Types = Readonly<Record<string, TensorType>>;

/** Everything of a network in training. The slots are the optimiser's, and Lookahead's "slow" weights. */
export interface TrainState {
  readonly parameters: Types;
  readonly statistics: Types;
  readonly slots: Record<string, Types>;
}

export interface TrainOptions {
  /** Learning rate of batch norm's shifts relative to that of all else; their decay of a step stays that of all else. */
  readonly biasRate?: number;
  /** Draws weights and statistics to slow ones now and then; `nn/lookahead.ts`. */
  readonly lookahead?: boolean;
}

/** images [N,3,H,W] normalised; targets as the objective has them; the optimiser's scalars. */
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
 * hard: the task's targets, made from labels. soft: { targets: [N, outputs] } are a teacher's outputs, compared at a
 * temperature. dynamic: no targets, but the teachers' mean outputs on the very images that the student sees.
 */
export type Objective =
  | { readonly kind: "hard" }
  | { readonly kind: "soft"; readonly temperature: number }
  | { readonly kind: "dynamic"; readonly temperature: number; readonly teachers: readonly Frozen[] };

/** A network's numbers as constants of a graph. */
export const frozenWeights = ({ weights }: Frozen): Weights<Value> => mapTree(weights, constant);

/** Logits, or whatever else its task puts out, of a network with constant weights and running statistics. */
export const frozenLogits = (frozen: Frozen, images: Value): Value => {
  const { model } = frozen;
  const { parameters, statistics } = frozenWeights(frozen);
  return model.forward(parameters, images, inferenceNorm(parameters, statistics));
};

const meanOutputs = (teachers: readonly Frozen[], images: Value): Value => {
  const [first, ...rest] = teachers.map((teacher) => frozenLogits(teacher, images));
  return mul(
    rest.reduce((sum, z) => add(sum, z), first!),
    1 / teachers.length,
  );
};

/** The targets that an objective is fed with, and its loss of a network's outputs. */
interface Judged {
  readonly targets: Types;
  loss(outputs: Value, targets: Named<Value>, images: Value): Value;
}

const judgedBy = ({ outputs: size, targetTypes, loss }: NetworkTask, objective: Objective, batch: number): Judged => {
  switch (objective.kind) {
    case "hard":
      return { targets: targetTypes(batch), loss: loss.hard };
    case "soft":
      return {
        targets: { targets: float32(batch, size) },
        loss: (outputs, { targets }) => loss.soft(outputs, targets!, objective.temperature),
      };
    case "dynamic":
      return {
        targets: {},
        loss: (outputs, _, images) =>
          loss.soft(outputs, meanOutputs(objective.teachers, images), objective.temperature),
      };
  }
};

/** The entries of a record that training changes. */
const learnt = <T>({ frozen = [] }: Model, parameters: Readonly<Record<string, T>>): Record<string, T> =>
  Object.fromEntries(Object.entries(parameters).filter(([name]) => !frozen.includes(name)));

export const trainStateTypes = (
  model: Model,
  optimiser: Optimiser,
  { lookahead = false }: TrainOptions = {},
): TrainState => {
  const { parameters, statistics } = weightTypes(model);
  const moving = learnt(model, parameters);
  return {
    parameters,
    statistics,
    slots: { ...slotTypes(optimiser, moving), ...(lookahead ? { slow: { ...moving, ...statistics } } : {}) },
  };
};

/** The state before the first step: the optimiser's slots are zero, slow weights are the weights. */
export const startTraining = (
  model: Model,
  optimiser: Optimiser,
  weights: Weights,
  options: TrainOptions = {},
): TrainTensors => {
  const { slots } = trainStateTypes(model, optimiser, options);
  const slow = { ...learnt(model, weights.parameters), ...weights.statistics };
  return { ...weights, slots: { ...zerosLike(slots), ...(options.lookahead ? { slow } : {}) } };
};

/** One step of training as one graph: forward with batch statistics, loss, backward, update. */
export const traceTrainStep = (
  model: Model,
  optimiser: Optimiser,
  objective: Objective,
  batch: number,
  options: TrainOptions = {},
): Step<TrainState, TrainFeeds, TrainFetches> => {
  const { biasRate = 1, lookahead = false } = options;
  const shifts = new Set(Object.keys(model.norms).map((name) => `${name}.bias`));
  const { image } = model.task;
  const judged = judgedBy(model.task, objective, batch);
  const feeds: TrainFeeds = {
    images: float32(batch, 3, image.height, image.width),
    targets: judged.targets,
    hyper: { ...hyperTypes(optimiser), ...(lookahead ? slowHyperTypes : {}) },
  };
  const inputs = { state: trainStateTypes(model, optimiser, options), feeds };
  return trace(inputs, ({ state, feeds: { images, targets, hyper } }) => {
    const { normalise, updated } = trainingNorm(state.parameters, state.statistics, model.statisticsMomentum);
    const outputs = model.forward(state.parameters, images, normalise);
    const loss = judged.loss(outputs, targets, images);
    const before = learnt(model, state.parameters);
    const { parameters, slots } = updateAll(optimiser, before, gradients(loss, before), state.slots, hyper, (name) =>
      shifts.has(name) ? biasRate : 1,
    );
    const { slow, fast } = lookahead
      ? lookaheadUpdate(state.slots.slow!, { ...parameters, ...updated }, hyper)
      : { slow: undefined, fast: { ...parameters, ...updated } };
    // In the declared order: a state's outputs stand where its inputs stood.
    const next = (values: Named<Value>): Record<string, Value> =>
      Object.fromEntries(Object.entries(values).map(([name, value]) => [name, fast[name] ?? value]));
    return {
      state: {
        parameters: next(state.parameters),
        statistics: next(state.statistics),
        slots: { ...slots, ...(slow && { slow }) },
      },
      fetches: { loss },
    };
  });
};

export type TrainTensors = Tensors<TrainState>;
