// The matching of features with those of real images that several methods share.
import { type Tensor, tensor } from "../autodiff/index.ts";
import type { Augmentation } from "../data/augment/augmentation.ts";
import { byStratum } from "../data/split.ts";
import type { Optimiser } from "../nn/optimisers.ts";
import type { Schedule } from "../nn/schedules.ts";
import { imageSource } from "../recipe/prepare.ts";
import { type Random, stream } from "../support/random.ts";
import type { MethodStage } from "./method.ts";
import type { Networks } from "./networks.ts";
import type { Distance } from "./objectives/distances/distance.ts";
import { distanceFromImages } from "./objectives/feature-distance.ts";
import { featureCount } from "./objectives/features.ts";
import type { Optimisation, Part } from "./optimise.ts";
import { drawImages } from "./select/draw.ts";
import { pickNormalised } from "./select/pick.ts";

/** Real images of a class, as many of each. */
export interface RealImages {
  readonly count: number;
  /** Normalised images [count, 3, H, W] of class c, drawn anew for every step. */
  draw(c: number, step: number): Promise<Float32Array>;
}

/** What is asked for at a step: `count` of the training images of class c, of which `members` are all. */
export interface RealDraw {
  readonly c: number;
  readonly step: number;
  readonly members: ArrayLike<number>;
  readonly count: number;
  readonly random: Random;
}

/** Chooses training images, by their indices. */
export type Choose = (wanted: RealDraw) => Int32Array;

export const anyOf: Choose = ({ members, count, random }) =>
  random
    .permutation(members.length)
    .subarray(0, count)
    .map((at) => members[at]!);

/** Real images of each class in a step: at most `most`, and as many of all. */
export const countOf = ({ data }: MethodStage, most: number): number =>
  Math.min(most, ...byStratum(data.train, data.task).map(({ length }) => length));

/** At most `most` real images of a class. */
export const realImages = (stage: MethodStage, name: string, most: number, choose: Choose = anyOf): RealImages => {
  const { data, recipe } = stage;
  const members = byStratum(data.train, data.task);
  const count = countOf(stage, most);
  return {
    count,
    draw: async (c, step) => {
      const random = stream(recipe.seed, name, "real", c, step);
      return imageSource(data).images(choose({ c, step, members: members[c]!, count, random }));
    },
  };
};

export type ClassPart = Part & { readonly c: number };

/** K random real images of each class, [K C] indices, base set by base set. */
const randomPicks = ({ data, layout, recipe }: MethodStage): Int32Array => drawImages(data, layout.bases, recipe);

/** A part for each class: all of its images, which start as real ones [K C]. */
export const classParts = (stage: MethodStage, name: string, picks = randomPicks(stage)) => {
  const { data, layout } = stage;
  const { bases: K, classes: C } = layout;
  const parts = Array.from(
    { length: C },
    (_, c): ClassPart => ({
      c,
      name: String(c),
      title: `${name}: ${data.dataset.classes[c]!}`,
      curve: `${name} ${data.dataset.classes[c]!}`,
      learnt: { bases: Array.from({ length: K }, (_k, k) => k * C + c) },
      graph: name,
      key: { c, bases: K },
    }),
  );
  return {
    parts,
    of: (part: Part): ClassPart => parts.find((one) => one.name === part.name)!,
    start: async (part: Part) => ({
      bases: await pickNormalised(
        stage,
        Int32Array.from(part.learnt.bases!, (at) => picks[at]!),
      ),
    }),
  };
};

/** In what one such method differs from another. */
export interface Matching {
  readonly name: string;
  readonly iterations: number;
  readonly optimiser: Optimiser;
  readonly learningRate: Schedule;
  readonly networks: Networks;
  readonly distance: Distance;
  readonly augmentation: Augmentation;
  /** The augmentation of a step of a class; `random` gives a stream for each thing that is drawn. */
  draw(random: (what: string) => Random): Readonly<Record<string, Tensor>>;
  /** Real images of a class in a step at most. */
  readonly real: number;
  /** Settings that the result depends on, besides data, seed, device and steps. */
  readonly key: Readonly<Record<string, unknown>>;
}

/**
 * Images that start as random real ones and go down a distance from the features of their class, each class by a loop of its
 * own: no image changes another's features, so that the loss is a sum over classes. A step's network is the same for all.
 */
export const matching = (stage: MethodStage, method: Matching): Optimisation => {
  const { data, layout, recipe } = stage;
  const { name, networks, distance } = method;
  const { height, width } = layout.image;
  const { count: real, draw: drawReal } = realImages(stage, name, method.real);
  const { parts, of, start } = classParts(stage, name);
  const features = featureCount(networks);
  return {
    ...method,
    layout,
    normalisation: data.dataset.normalisation,
    parts,
    key: { ...method.key, ...distance.key, real },
    objectives: () => [distanceFromImages({ networks, distance, classes: 1 }, real)],
    start,
    draw: async (part, step) => {
      const { c } = of(part);
      return {
        view: method.draw((what) => stream(recipe.seed, name, what, c, step)),
        objective: {
          ...(await networks.draw(step)),
          drawn: distance.draw(stream(recipe.seed, name, "distance", c, step), features),
          real: { images: tensor(await drawReal(c, step), [real, 3, height, width]) },
        },
      };
    },
    advice: `lower the method's learningRate, or leave ${name} out`,
  };
};
