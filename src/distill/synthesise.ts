// The synthesis that SRe2L and its kin share: batches of images of up to 100 classes, learnt against frozen teachers.
import { tensor } from "../autodiff/index.ts";
import { cropping } from "../data/augment/augmentation.ts";
import { drawView } from "../data/augment/view.ts";
import { adam } from "../nn/optimisers.ts";
import { cosine } from "../nn/schedules.ts";
import { oneHot } from "../tasks/classification.ts";
import type { Worker } from "../training/jobs.ts";
import { batchStream, type ClassBatch, classBatches, classesOf } from "./class-batches.ts";
import type { MethodStage } from "./method.ts";
import type { Objective } from "./objectives/objective.ts";
import { type Optimisation, type Part, partOf } from "./optimise.ts";

/** In what one method differs from another. */
export interface Synthesis {
  readonly name: string;
  readonly iterations: number;
  /** Whatever else determines the images: the teachers' hashes and the constants of a method. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** Highest learning rate of Adam (.5, .9), which falls to 0 along a cosine. */
  readonly learningRate: number;
  /** The objectives of `count` images, one each of some classes; they take turns. */
  objectives(count: number): readonly Objective[];
  /** For batches that have objectives of their own instead, as many. */
  readonly own?: (batch: ClassBatch, worker: Worker) => Promise<readonly Objective[]>;
  /** The first images of a batch of N classes, normalised [N, 3, h, w]. */
  start(batch: ClassBatch): Promise<Float32Array>;
  /** Smallest part of the area that a step's view shows, after a fraction of all steps. */
  least(fraction: number): number;
}

/** Standard normal noise in normalised space. */
export const noise = ({ layout, recipe }: MethodStage, name: string, batch: ClassBatch): Float32Array => {
  const { height, width } = layout.stored;
  const random = batchStream(recipe.seed, name, batch, "noise");
  return Float32Array.from({ length: (batch.to - batch.from) * 3 * height * width }, random.normal);
};

/**
 * Images themselves, x <- clip(x - update of objective(view(x))) (SRe2L, arXiv 2306.13092): batches of one image of each of up
 * to 100 classes, each a loop of its own.
 */
export const synthesis = ({ data, layout, recipe }: MethodStage, method: Synthesis): Optimisation => {
  const { task, dataset } = data;
  const { name, iterations, settings, learningRate, own, least } = method;
  const { bases: K, classes: C } = layout;
  const batches = classBatches(K, C);
  const parts = batches.map((batch): Part & { readonly batch: ClassBatch } => {
    const { k, from, to, part } = batch;
    const which = part.length > 0 ? `classes ${from}-${to - 1}` : "each class";
    return {
      batch,
      name: [k, ...part].join("-"),
      title: `${name}: images ${k + 1}/${K} of ${which}`,
      curve: [name, k, ...part].join(" "),
      learnt: { bases: Array.from(classesOf(batch), (c) => k * C + c) },
      graph: own ? `${name} ${k} ${from}` : `${name} ${to - from}`,
      key: { k, from, to },
    };
  });
  const of = partOf(parts);
  const batchOf = (part: Part): ClassBatch => of(part).batch;
  const sizeOf = (part: Part): number => batchOf(part).to - batchOf(part).from;
  const turns = method.objectives(1).length;
  return {
    layout,
    normalisation: dataset.normalisation,
    augmentation: cropping(task.image),
    optimiser: adam({ beta1: 0.5, beta2: 0.9, epsilon: 1e-8 }),
    name,
    iterations,
    learningRate: cosine(learningRate, iterations),
    parts,
    key: { settings, learningRate },
    objectives: (part) => method.objectives(sizeOf(part)),
    ...(own && { own: (part: Part, worker: Worker) => own(batchOf(part), worker) }),
    turn: (part, step) => (step + batchOf(part).k) % turns,
    start: async (part) => ({ bases: await method.start(batchOf(part)) }),
    draw: async (part, step) => {
      const random = batchStream(recipe.seed, name, batchOf(part), "step", step);
      const classes = [...classesOf(batchOf(part))];
      return {
        view: { ...drawView(random, task.image, least(step / iterations)) },
        objective: { labels: { targets: tensor(oneHot(classes, task.classes), [classes.length, task.classes]) } },
      };
    },
    advice: `check the teachers' accuracies, or leave ${name} out`,
  };
};
