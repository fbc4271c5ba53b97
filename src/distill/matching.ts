// The matching of a class's images with real ones drawn for every step, that several methods share.
import { longs, type Tensor, tensor } from "../autodiff/index.ts";
import type { Augmentation } from "../data/augment/augmentation.ts";
import { byStratum } from "../data/split.ts";
import type { Optimiser } from "../nn/optimisers.ts";
import type { Schedule } from "../nn/schedules.ts";
import { imageSource } from "../recipe/prepare.ts";
import { type Random, stream } from "../support/random.ts";
import type { MethodStage } from "./method.ts";
import type { DrawnNetworks } from "./networks.ts";
import type { Groups, Objective } from "./objectives/objective.ts";
import { type Optimisation, type Part, partOf } from "./optimise.ts";
import { drawImages } from "./select/draw.ts";
import { pickNormalised } from "./select/pick.ts";

/** Real images of a class, as many of each. */
export interface RealImages {
  readonly count: number;
  /** Normalised images [count, 3, H, W] of class c, drawn anew for every step. */
  draw(c: number, step: number): Promise<Float32Array>;
}

/** A request for real images at a step: `count` of the training images of class c, of which `members` are all. */
export interface RealDraw {
  readonly c: number;
  readonly step: number;
  readonly members: ArrayLike<number>;
  readonly count: number;
  readonly random: Random;
}

/** Chooses training images, by their indices. */
export type ChooseReal = (wanted: RealDraw) => Int32Array;

export const anyOf: ChooseReal = ({ members, count, random }) =>
  random
    .permutation(members.length)
    .subarray(0, count)
    .map((at) => members[at]!);

/** Real images of each class in a step: at most `most`, and as many of all. */
export const countOf = ({ data }: MethodStage, most: number): number =>
  Math.min(most, ...byStratum(data.train, data.task).map(({ length }) => length));

/** At most `most` real images of a class. */
export const realImages = (stage: MethodStage, name: string, most: number, choose: ChooseReal = anyOf): RealImages => {
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

/** K random real images of each class, [K C] indices, base set by base set. */
const randomPicks = ({ data, layout, recipe }: MethodStage): Int32Array => drawImages(data, layout.bases, recipe);

/** The images with which a part's bases start, normalised [n, 3, h, w], of real ones [K C]. */
export const realStart = (stage: MethodStage, picks = randomPicks(stage)) => {
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
  readonly networks: DrawnNetworks;
  readonly augmentation: Augmentation;
  /** The augmentation of a step of a class; `random` gives a stream for each thing that is drawn. */
  draw(random: (what: string) => Random): Readonly<Record<string, Tensor>>;
  /** Real images of a class in a step at most. */
  readonly real: number;
  /** Synthetic ones; all where it is not said. */
  readonly synthetic?: number;
  /** The objective of so many images of one class. */
  objective(count: { readonly synthetic: number; readonly real: number }): Objective;
  /** Feeds of a step of class c besides the network and real images; `random` as for `draw`. */
  readonly also?: (c: number, random: (what: string) => Random) => Groups<Tensor>;
  /** Settings that the result depends on, besides data, seed, device and steps. */
  readonly key: Readonly<Record<string, unknown>>;
}

/**
 * Images that start as random real ones and go down the distance of their class from real images of it, each class by a loop of
 * its own: no image changes another's features, so that the loss is a sum over classes. A step's network is the same for all.
 */
export const matching = (stage: MethodStage, method: Matching): Optimisation => {
  const { data, layout, recipe } = stage;
  const { bases: K } = layout;
  const { name, networks } = method;
  const { height, width } = layout.image;
  const { count: real, draw: drawReal } = realImages(stage, name, method.real);
  const parts = classParts(stage, name);
  const [of, start] = [partOf(parts), realStart(stage)];
  const synthetic = Math.min(method.synthetic ?? K, K);
  const rowsOf = (c: number, step: number) => {
    const order = stream(recipe.seed, name, "rows", c, step).permutation(K).subarray(0, synthetic);
    return { bases: longs(order) };
  };
  return {
    ...method,
    layout,
    normalisation: data.dataset.normalisation,
    ...(synthetic < K && { rows: synthetic }),
    parts,
    key: { ...method.key, real, ...(synthetic < K && { synthetic }) },
    objectives: () => [method.objective({ synthetic, real })],
    start: async (part) => ({ bases: await start(part) }),
    draw: async (part, step) => {
      const { c } = of(part);
      const random = (what: string): Random => stream(recipe.seed, name, what, c, step);
      return {
        ...(synthetic < K && { rows: rowsOf(c, step) }),
        view: method.draw(random),
        objective: {
          ...(await networks.draw(step)),
          real: { images: tensor(await drawReal(c, step), [real, 3, height, width]) },
          ...method.also?.(c, random),
        },
      };
    },
    advice: `lower the method's learningRate, or leave ${name} out`,
  };
};
