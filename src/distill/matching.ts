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
import { meanFeatures } from "./objectives/mean-features.ts";
import type { Optimisation, Part } from "./optimise.ts";
import { drawImages } from "./select/draw.ts";
import { pickNormalised } from "./select/pick.ts";

/** Real images of a class, as many of each. */
export interface RealImages {
  readonly count: number;
  /** Normalised images [count, 3, H, W] of class c, drawn anew for every step. */
  draw(c: number, step: number): Promise<Float32Array>;
}

/** At most `most` real images of a class. */
export const realImages = ({ data, recipe }: MethodStage, name: string, most: number): RealImages => {
  const members = byStratum(data.train, data.task);
  const count = Math.min(most, ...members.map(({ length }) => length));
  return {
    count,
    draw: (c, step) => {
      const order = stream(recipe.seed, name, "real", c, step).permutation(members[c]!.length).subarray(0, count);
      return imageSource(data).images(order.map((at) => members[c]![at]!));
    },
  };
};

export type ClassPart = Part & { readonly c: number };

/** A part for each class: all of its images, and the compensators of its own. */
export const classParts = ({ data, layout }: MethodStage, name: string): readonly ClassPart[] => {
  const { bases: K, perBase: V, perClass: U, classes: C } = layout;
  return Array.from({ length: C }, (_, c) => ({
    c,
    name: String(c),
    title: `${name}: ${data.dataset.classes[c]!}`,
    curve: `${name} ${data.dataset.classes[c]!}`,
    learnt: {
      bases: Array.from({ length: K }, (_k, k) => k * C + c),
      ...(U > 0 && { compensators: Array.from({ length: U }, (_u, u) => K * V + u * C + c) }),
    },
    graph: name,
    key: { c, bases: K },
  }));
};

/** Finds the part of a plan that a job was handed over as. */
export const partOf =
  <P extends Part>(parts: readonly P[]) =>
  (part: Part): P =>
    parts.find(({ name }) => name === part.name)!;

/** The images with which a part's bases start, normalised [n, 3, h, w]: the recipe's random real ones. */
export const realStart = (stage: MethodStage) => {
  const picks = drawImages(stage.data, stage.layout.bases, stage.recipe.seed);
  return ({ learnt }: Part): Promise<Float32Array> =>
    pickNormalised(
      stage,
      Int32Array.from(learnt.bases!, (at) => picks[at]!),
    );
};

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
  /** Settings that the result depends on, besides data, seed, device and steps. */
  readonly key: Readonly<Record<string, unknown>>;
}

/**
 * Images that start as random real ones and go down the distance of mean features of their class, each class by a loop of its
 * own: no image changes another's features, so that the loss is a sum over classes. A step's network is the same for all.
 */
export const matching = (stage: MethodStage, method: Matching): Optimisation => {
  const { data, layout, recipe } = stage;
  const { name, networks } = method;
  const { height, width } = layout.image;
  const { count: real, draw: drawReal } = realImages(stage, name, method.real);
  const parts = classParts(stage, name);
  const [of, start] = [partOf(parts), realStart(stage)];
  return {
    ...method,
    layout,
    normalisation: data.dataset.normalisation,
    parts,
    key: { ...method.key, real },
    objectives: () => [meanFeatures(networks, { classes: 1, synthetic: layout.bases, real })],
    start: async (part) => ({ bases: await start(part) }),
    draw: async (part, step) => {
      const { c } = of(part);
      return {
        view: method.draw((what) => stream(recipe.seed, name, what, c, step)),
        objective: {
          ...(await networks.draw(step)),
          real: { images: tensor(await drawReal(c, step), [real, 3, height, width]) },
        },
      };
    },
    advice: `lower the method's learningRate, or leave ${name} out`,
  };
};
