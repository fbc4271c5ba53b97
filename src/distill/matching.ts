// The matching of features with those of real images, class by class, that several methods share.
import { type Tensor, tensor } from "../autodiff/index.ts";
import type { Augmentation } from "../data/augment/augmentation.ts";
import { byStratum } from "../data/split.ts";
import type { Optimiser } from "../nn/optimisers.ts";
import type { Schedule } from "../nn/schedules.ts";
import { imageSource } from "../recipe/prepare.ts";
import { type Random, stream } from "../support/random.ts";
import type { MethodStage } from "./method.ts";
import type { Networks } from "./networks.ts";
import { meanFeatures } from "./objectives/mean-features.ts";
import type { Optimisation, Part } from "./optimise.ts";
import { drawImages } from "./select/draw.ts";
import { pickNormalised } from "./select/pick.ts";

/** In what one such method differs from another. */
export interface Matching {
  readonly name: string;
  readonly iterations: number;
  readonly optimiser: Optimiser;
  readonly learningRate: Schedule;
  readonly networks: Networks;
  readonly augmentation: Augmentation;
  /** The augmentation of a step of a class; `random` gives a stream for each thing that is drawn. */
  draw(random: (what: string) => Random): Readonly<Record<string, Tensor>>;
  /** Real images of a class in a step at most. */
  readonly real: number;
  /** What determines the result besides data, seed, device and steps. */
  readonly key: Readonly<Record<string, unknown>>;
}

/** At most `most` real images of a class, as many of each, drawn anew for every step. */
export const realImages = ({ data, recipe }: MethodStage, name: string, most: number) => {
  const members = byStratum(data.train, data.task);
  const count = Math.min(most, ...members.map(({ length }) => length));
  return {
    count,
    /** Normalised images [count, 3, H, W] of class c. */
    draw: (c: number, step: number): Promise<Float32Array> => {
      const order = stream(recipe.seed, name, "real", c, step).permutation(members[c]!.length).subarray(0, count);
      return imageSource(data).images(order.map((at) => members[c]![at]!));
    },
  };
};

/**
 * Images that start as random real ones and go down the distance of mean features of their class, each class by a loop of its
 * own: no image changes another's features, so that the loss is a sum over classes. A step's network is the same for all.
 */
export const matching = (stage: MethodStage, method: Matching): Optimisation => {
  const { data, layout, recipe } = stage;
  const { task, dataset } = data;
  const { name, networks } = method;
  const { bases: K, classes: C, image } = layout;
  const { count: real, draw: drawReal } = realImages(stage, name, method.real);
  const picks = drawImages(data, K, recipe.seed);
  const parts = Array.from({ length: C }, (_, c): Part & { readonly c: number } => ({
    c,
    name: String(c),
    title: `${name}: ${dataset.classes[c]!}`,
    curve: `${name} ${dataset.classes[c]!}`,
    learnt: { bases: Array.from({ length: K }, (_k, k) => k * C + c) },
    graph: name,
    key: { c, bases: K },
  }));
  return {
    ...method,
    layout,
    normalisation: dataset.normalisation,
    parts,
    key: { ...method.key, real },
    objectives: () => [meanFeatures(networks, { classes: 1, synthetic: K, real })],
    start: async (part) => ({
      bases: await pickNormalised(
        stage,
        Int32Array.from(part.learnt.bases!, (at) => picks[at]!),
      ),
    }),
    draw: async (part, step) => {
      const { c } = parts.find((one) => one.name === part.name)!;
      return {
        view: method.draw((what) => stream(recipe.seed, name, what, c, step)),
        objective: {
          ...(await networks.draw(step)),
          real: { images: tensor(await drawReal(c, step), [real, 3, task.image.height, image.width]) },
        },
      };
    },
    advice: `lower the method's learningRate, or leave ${name} out`,
  };
};
