// The step of trajectory matching: a student that is trained on the set for N steps goes where an expert went.
import {
  add,
  div,
  exp,
  float32,
  floats,
  gather,
  gradients,
  int64,
  mapTree,
  mul,
  reduceSum,
  sub,
  type Tensor,
  type TensorType,
  tensor,
  trace,
  type Value,
  type Values,
  zeros,
} from "../autodiff/index.ts";
import { clipPixels } from "../data/augment/clip.ts";
import type { Model } from "../models/model.ts";
import { statisticsTypes, trainingNorm } from "../nn/batch-norm.ts";
import type { Named } from "../nn/layers.ts";
import { crossEntropy } from "../nn/losses.ts";
import { hyperTypes, updateAll, zerosLike } from "../nn/optimisers.ts";
import type { Device, Stepper, Tensors } from "../runtime/index.ts";
import { estimateBytes } from "../training/memory.ts";
import { lent } from "./lent.ts";
import { parameterTypes } from "./networks.ts";
import type { Groups } from "./objectives/objective.ts";
import type { StepPlan } from "./optimise.ts";
import { mapped, type StepFeeds, type StepParts, type StepState, seenImages, stepTypes } from "./optimise-step.ts";

/*
 * MTT (arXiv 2203.11932, algorithm 1). From an expert's weights theta_0 a student takes N steps of SGD on batches of the set,
 *
 *   theta_(i+1) = theta_i - e^s d CE(theta_i; A_i(decode(bases of batch i))) / d theta_i,
 *
 * and what is learnt, the bases and the logarithm s of the step size, goes down
 *
 *   || theta_N - theta* ||^2 / || theta_0 - theta* ||^2  +  w / N sum_i CE_i,
 *
 * theta* being the expert's weights some epochs later. N steps in one graph would hold N times the activations. Here one step
 * is run N times, which keeps theta_i, and then its vector-Jacobian product from the last to the first, which takes the
 * derivative by theta_(i+1) to that by theta_i and adds up those by what is learnt.
 */

export interface Trajectory extends StepParts {
  readonly model: Model;
  /** K C. */
  readonly bases: number;
  /** N, the student's steps. */
  readonly steps: number;
  /** Images of each. */
  readonly batch: number;
  /** w. */
  readonly crossEntropy: number;
}

/** Weights of the student, what is learnt, and a batch: places of its bases, targets and view. */
const typesOf = (scene: Trajectory) => {
  const { model, batch: n, bases, augmentation } = scene;
  const batch: Groups<TensorType>[string] = {
    items: int64(n),
    targets: float32(n, model.task.outputs),
    ...augmentation.types,
  };
  return { theta: parameterTypes(model), learnt: stepTypes(scene, { learnt: { bases } }).learnt, batch };
};
type Types = ReturnType<typeof typesOf>;

/** One step of the student: its next weights, and its cross-entropy before. */
const studentStep = (scene: Trajectory, { theta, learnt, batch: { items, targets, ...view } }: Values<Types>) => {
  const { model } = scene;
  const images = seenImages(scene, { bases: gather(learnt.bases!, items!, 0) }, view);
  // A batch's own moments, as in the expert's training; the running ones are of no use here.
  const nothing = mapTree(statisticsTypes(model.norms), ({ shape }) => zeros(shape));
  const { normalise } = trainingNorm(theta, nothing, model.statisticsMomentum);
  const told = crossEntropy(model.forward(theta, images, normalise), targets!);
  const slopes = gradients(told, theta);
  const rate = exp(learnt.stepSize!);
  const moved = (weight: Value, name: string): Value =>
    model.frozen?.includes(name) ? weight : sub(weight, mul(slopes[name]!, rate));
  return { next: mapped(theta, moved), told };
};

const traceForward = (scene: Trajectory) => trace(typesOf(scene), (at) => studentStep(scene, at));

/** From derivatives by the next weights, and by what is learnt up to there, to those before the step. */
const traceBackward = (scene: Trajectory) => {
  const types = typesOf(scene);
  const { theta, learnt } = types;
  return trace({ ...types, later: { theta, learnt } }, ({ later, ...at }) => {
    const { next, told } = studentStep(scene, at);
    const along = Object.entries(next).map(([name, value]) => reduceSum(mul(value, later.theta[name]!)));
    const judged = along.reduce(add, mul(told, scene.crossEntropy / scene.steps));
    const own = gradients(judged, { theta: at.theta, learnt: at.learnt });
    return { theta: own.theta, learnt: mapped(own.learnt, (value, name) => add(value, later.learnt[name]!)) };
  });
};

const squaredGap = (a: Named<Value>, b: Named<Value>): Value =>
  Object.entries(a)
    .map(([name, value]) => sub(value, b[name]!))
    .map((apart) => reduceSum(mul(apart, apart)))
    .reduce(add);

const traceDistance = ({ model }: Trajectory) => {
  const theta = parameterTypes(model);
  return trace({ reached: theta, start: theta, end: theta }, ({ reached, start, end }) => {
    const distance = div(squaredGap(reached, end), squaredGap(start, end));
    return { distance, theta: gradients(distance, reached) };
  });
};

const traceUpdate = (scene: Trajectory) => {
  const { optimiser, normalisation, bases } = scene;
  const { learnt, slots } = stepTypes(scene, { learnt: { bases } });
  return trace({ learnt, slots, gradient: learnt, hyper: hyperTypes(optimiser) }, ({ hyper, ...given }) => {
    const next = updateAll(optimiser, given.learnt, given.gradient, given.slots, hyper);
    const kept = (value: Value, name: string): Value => (name === "bases" ? clipPixels(value, normalisation) : value);
    return { learnt: mapped(next.parameters, kept), slots: next.slots };
  });
};

/** Feeds of a step: the expert's weights at the start and at the end, and the student's batches in order. */
export const trajectoryFeeds = (
  start: Named<Tensor>,
  end: Named<Tensor>,
  batches: readonly Named<Tensor>[],
): Groups<Tensor> => ({ ...Object.fromEntries(batches.entries()), start, end });

const scalar = (value: number): Tensor => tensor(Float32Array.of(value), []);

export const openTrajectoryStep = async (
  device: Device,
  scene: Trajectory,
): Promise<Stepper<StepState, StepFeeds, StepState["learnt"]>> => {
  const forward = await device.compile(traceForward(scene));
  const backward = await device.compile(traceBackward(scene));
  const distance = await device.compile(traceDistance(scene));
  const update = await device.compile(traceUpdate(scene));
  const types = typesOf(scene);
  let state: Tensors<StepState> | undefined;
  return {
    write: async (given) => {
      state = given;
    },
    read: async () => state!,
    run: async ({ objective: { start, end, ...fed }, hyper }) => {
      const { learnt, slots, fixed } = state!;
      const batches = Object.values(fed);
      const path = [start!];
      let told = 0;
      for (const batch of batches) {
        const step = await forward.run(lent({ theta: path.at(-1)!, learnt, batch }));
        path.push(step.next);
        told += floats(step.told)[0]! / scene.steps;
      }
      const reached = await distance.run(lent({ reached: path.at(-1)!, start: start!, end: end! }));
      let later = { theta: reached.theta, learnt: zerosLike(types.learnt) };
      for (const [i, batch] of [...batches.entries()].toReversed())
        later = await backward.run({ ...lent({ theta: path[i]!, learnt, batch }), later });
      const next = await update.run({ ...lent({ learnt, slots }), gradient: later.learnt, hyper });
      state = { ...next, fixed };
      const stepSize = Math.exp(floats(learnt.stepSize!)[0]!);
      return { distance: reached.distance, crossEntropy: scalar(told), stepSize: scalar(stepSize) };
    },
    release: async () => {
      for (const one of [forward, backward, distance, update]) await one.release();
    },
  };
};

/** The step with its memory: activations of one step of the student, and its weights at every one. */
export const planTrajectory = (scene: Trajectory): StepPlan => {
  const weights = Object.values(scene.model.parameters).reduce(
    (n, { shape }) => n + shape.reduce((a, b) => a * b, 4),
    0,
  );
  return {
    bytes: estimateBytes(traceBackward(scene).graph) + scene.steps * weights,
    open: ({ device }) => openTrajectoryStep(device, scene),
  };
};
