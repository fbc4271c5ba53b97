import { sizeOf, type Tensor, tensor } from "../../autodiff/index.ts";
import { denormalise } from "../../data/normalisation.ts";
import { adam, hyperTensors } from "../../nn/optimisers.ts";
import { cosine } from "../../nn/schedules.ts";
import type { Stepper } from "../../runtime/index.ts";
import { type Random, stream } from "../../support/random.ts";
import { readStored } from "../../training/checkpoint.ts";
import { type Lane, machineOf } from "../../training/jobs.ts";
import { historyOf, type Kept, type KeptWork, keptLoop, runKept } from "../../training/kept.ts";
import { estimateBytes } from "../../training/memory.ts";
import type { Judge } from "../judge.ts";
import { keyOf } from "../key.ts";
import type { Prepared } from "../prepare.ts";
import { drawView, type View } from "../view.ts";
import { type ImageFeeds, type ImageFetches, type ImageState, imageStateTypes, traceImageStep } from "./image-step.ts";
import type { Made, Making, RivalName } from "./method.ts";
import { takingTurns } from "./turns.ts";

/** What SRe2L and its kin have in common: images, one of each class at a time, optimised against frozen teachers. */
export interface Synthesis {
  readonly name: RivalName;
  /** Whatever else determines the images: the teachers' hashes and the constants below belong here. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** Highest learning rate of Adam (.5, .9), which falls to 0 along a cosine. */
  readonly learningRate: number;
  /** Weight of the statistics. */
  readonly alpha: number;
  /** They judge in turns, step by step. */
  readonly judges: readonly Judge[];
  /** For batches that have judges of their own instead, as many, made from their first images [C, 3, H, W]. */
  readonly own?: (start: Float32Array, lane: Lane) => Promise<readonly Judge[]>;
  /** The first images of batch k, normalised [C, 3, H, W]. */
  start(k: number): Promise<Float32Array>;
  /** Smallest part of the area that a step's view shows, after a fraction of all steps. */
  least(fraction: number): number;
}

/** Standard normal noise in normalised space. */
export const noise = ({ data: { task }, recipe }: Making, name: RivalName, k: number): Float32Array => {
  const random = stream(recipe.seed, name, k, "noise");
  return Float32Array.from({ length: task.classes * 3 * task.image.height * task.image.width }, random.normal);
};

/** The images that a kept loop ended with, as pixels [n, 3, H, W]. */
export const readPixels = async ({ dataset, task }: Prepared, { file }: Kept): Promise<Uint8Array> => {
  const images = (await readStored(file))!.tensors.images!.data as Float32Array;
  return denormalise(images, dataset.normalisation, task.image.height, task.image.width);
};

/** ipc batches of one image of each class, each a loop of its own, several at a time. */
export const synthesise = async (making: Making, synthesis: Synthesis): Promise<Made> => {
  const { recipe, data, device, folder, surroundings, ipc } = making;
  const { task, dataset } = data;
  const { name, settings, learningRate, alpha, judges, own, least } = synthesis;
  const { iterations, seed } = recipe;
  const optimiser = adam({ beta1: 0.5, beta2: 0.9, epsilon: 1e-8 });
  const rate = cosine(learningRate, iterations);
  const types = imageStateTypes(task.classes, task, optimiser);
  const traced = (judge: Judge) => traceImageStep(task, optimiser, dataset.normalisation, judge, alpha);
  const zeros = (): Tensor => tensor(new Float32Array(sizeOf(types.images.shape)), types.images.shape);

  const compile = async (lane: Lane, by: readonly Judge[]) => {
    const steppers: Stepper<ImageState, ImageFeeds, ImageFetches>[] = [];
    for (const judge of by) steppers.push(await lane.device.compileStep(traced(judge)));
    return takingTurns(steppers);
  };

  const feedsOf = (k: number) => async (step: number) => {
    const random: Random = stream(seed, name, k, "step", step);
    const view: View = drawView(random, task.image, least(step / iterations));
    return {
      ...view,
      turn: tensor(BigInt64Array.of(BigInt((step + k) % judges.length)), []),
      hyper: hyperTensors(optimiser.hyper(step, rate(step))),
    };
  };

  const workOf = (k: number): KeptWork => {
    const key = keyOf({
      method: name,
      data: data.fingerprint,
      validation: recipe.validation,
      settings,
      learningRate,
      alpha,
      iterations,
      seed,
      k,
      device: device.name,
    });
    return keptLoop({ file: `${folder}/${k}.safetensors`, key, steps: iterations, types }, async (lane) => {
      const start = await synthesis.start(k);
      const by = (await own?.(start, lane)) ?? judges;
      return {
        title: `${name}: images ${k + 1}/${ipc} of each class`,
        stepper: await lane.held(own ? `${name} ${k}` : name, () => compile(lane, by)),
        start: () => ({
          images: tensor(start, types.images.shape),
          slots: Object.fromEntries(optimiser.slots.map((slot) => [slot, zeros()])),
        }),
        feeds: feedsOf(k),
        keep: ({ images }) => ({ images }),
        advice: `check the teachers' accuracies, or leave ${name} out`,
      };
    });
  };

  const works = Array.from({ length: ipc }, (_, k) => workOf(k));
  const bytes = (): number => judges.reduce((sum, judge) => sum + estimateBytes(traced(judge).graph), 0);
  const kept = await runKept(`${name}: ${ipc} images of each class`, machineOf(device), works, bytes, surroundings);
  const batch = sizeOf(types.images.shape);
  const pixels = new Uint8Array(ipc * batch);
  for (const [k, one] of kept.entries()) pixels.set(await readPixels(data, one), k * batch);
  return {
    pixels,
    curves: kept.map((one, k) => ({ name: `${name} ${k}`, history: historyOf(one) })),
  };
};
