import { type Tensor, tensor } from "../../autodiff/index.ts";
import { drawView, type View } from "../../data/augment/view.ts";
import { denormalise } from "../../data/normalisation.ts";
import { adam, hyperTensors } from "../../nn/optimisers.ts";
import { cosine } from "../../nn/schedules.ts";
import type { Prepared } from "../../recipe/prepare.ts";
import type { Stepper } from "../../runtime/index.ts";
import type { Method as MethodName } from "../../sets/index.ts";
import { keyOf } from "../../support/key.ts";
import type { Stage } from "../../teachers/stage.ts";
import { oneHot } from "../../training/batches.ts";
import { readStored } from "../../training/checkpoint.ts";
import { type Lane, machineOf } from "../../training/jobs.ts";
import { historyOf, type Kept, type KeptWork, keptLoop, runKept } from "../../training/kept.ts";
import { estimateBytes } from "../../training/memory.ts";
import type { Judge } from "../objectives/judge.ts";
import { batchStream, type ClassBatch, classBatches, classesOf } from "./class-batches.ts";
import { type ImageFeeds, type ImageFetches, type ImageState, imageStateTypes, traceImageStep } from "./image-step.ts";
import type { Made } from "./method.ts";
import { takingTurns } from "./turns.ts";

/** What SRe2L and its kin have in common: images, one of each of up to 100 classes at a time, optimised against frozen teachers. */
export interface Synthesis {
  readonly name: MethodName;
  /** Whatever else determines the images: the teachers' hashes and the constants below belong here. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** Highest learning rate of Adam (.5, .9), which falls to 0 along a cosine. */
  readonly learningRate: number;
  /** Weight of the statistics. */
  readonly alpha: number;
  /** They judge in turns, step by step. */
  readonly judges: readonly Judge[];
  /** For batches that have judges of their own instead, as many, made from their first images [N, 3, H, W]. */
  readonly own?: (start: Float32Array, batch: ClassBatch, lane: Lane) => Promise<readonly Judge[]>;
  /** The first images of a batch of N classes, normalised [N, 3, H, W]. */
  start(batch: ClassBatch): Promise<Float32Array>;
  /** Smallest part of the area that a step's view shows, after a fraction of all steps. */
  least(fraction: number): number;
}

/** Standard normal noise in normalised space. */
export const noise = ({ data: { task }, recipe }: Stage, name: MethodName, batch: ClassBatch): Float32Array => {
  const { height, width } = task.image;
  const random = batchStream(recipe.seed, name, batch, "noise");
  return Float32Array.from({ length: (batch.to - batch.from) * 3 * height * width }, random.normal);
};

/** The images that a kept loop ended with, as pixels [n, 3, H, W]. */
export const readPixels = async ({ dataset, task }: Prepared, { file }: Kept): Promise<Uint8Array> => {
  const images = (await readStored(file))!.tensors.images!.data as Float32Array;
  return denormalise(images, dataset.normalisation, task.image.height, task.image.width);
};

/** Batches of one image of each of up to 100 classes, each a loop of its own, several at a time. */
export const synthesise = async (stage: Stage, synthesis: Synthesis): Promise<Made> => {
  const { recipe, data, device, folder } = stage;
  const { task, dataset } = data;
  const { name, settings, learningRate, alpha, judges, own, least } = synthesis;
  const { ipc, iterations, seed } = recipe;
  const optimiser = adam({ beta1: 0.5, beta2: 0.9, epsilon: 1e-8 });
  const rate = cosine(learningRate, iterations);
  const traced = (judge: Judge, count: number) =>
    traceImageStep(task, optimiser, dataset.normalisation, judge, alpha, count);

  const compile = async (lane: Lane, by: readonly Judge[], count: number) => {
    const steppers: Stepper<ImageState, ImageFeeds, ImageFetches>[] = [];
    for (const judge of by) steppers.push(await lane.device.compileStep(traced(judge, count)));
    return takingTurns(steppers);
  };

  const feedsOf = (batch: ClassBatch) => async (step: number) => {
    const view: View = drawView(batchStream(seed, name, batch, "step", step), task.image, least(step / iterations));
    const classes = [...classesOf(batch)];
    return {
      ...view,
      targets: tensor(oneHot(classes, task.classes), [classes.length, task.classes]),
      turn: tensor(BigInt64Array.of(BigInt((step + batch.k) % judges.length)), []),
      hyper: hyperTensors(optimiser.hyper(step, rate(step))),
    };
  };

  const batches = classBatches(ipc, task.classes);
  const workOf = (batch: ClassBatch): KeptWork => {
    const { k, from, to, part } = batch;
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
      ...(part.length > 0 && { from, to }),
      device: device.name,
    });
    const types = imageStateTypes(to - from, task, optimiser);
    const file = `${folder}/${[k, ...part].join("-")}.safetensors`;
    return keptLoop({ file, key, steps: iterations, types }, async (lane) => {
      const start = await synthesis.start(batch);
      const { shape } = types.images;
      const zeros = (): Tensor => tensor(new Float32Array(start.length), shape);
      const by = (await own?.(start, batch, lane)) ?? judges;
      const id = own ? `${name} ${k} ${from}` : `${name} ${to - from}`;
      return {
        title: `${name}: images ${k + 1}/${ipc} of ${part.length > 0 ? `classes ${from}-${to - 1}` : "each class"}`,
        stepper: await lane.held(id, () => compile(lane, by, to - from)),
        start: () => ({
          images: tensor(start, shape),
          slots: Object.fromEntries(optimiser.slots.map((s) => [s, zeros()])),
        }),
        feeds: feedsOf(batch),
        keep: ({ images }) => ({ images }),
        advice: `check the teachers' accuracies, or leave ${name} out`,
      };
    });
  };

  const works = batches.map(workOf);
  const largest = Math.max(...batches.map(({ from, to }) => to - from));
  const bytes = (): number => judges.reduce((sum, judge) => sum + estimateBytes(traced(judge, largest).graph), 0);
  const kept = await runKept(`${name}: ${ipc} images of each class`, machineOf(device), works, bytes, stage);
  const size = 3 * task.image.height * task.image.width;
  const bases = new Uint8Array(ipc * task.classes * size);
  for (const [i, { k, from }] of batches.entries()) {
    bases.set(await readPixels(data, kept[i]!), (k * task.classes + from) * size);
  }
  return {
    bases,
    curves: kept.map((one, i) => {
      const { k, part } = batches[i]!;
      return { name: [name, k, ...part].join(" "), history: historyOf(one) };
    }),
  };
};
