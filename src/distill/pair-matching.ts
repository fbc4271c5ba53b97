// Matching with known means of real images: classes by themselves, or bases and compensators of all classes together.
import { type Tensor, tensor } from "../autodiff/index.ts";
import type { Augmentation } from "../data/augment/augmentation.ts";
import { adam, type Optimiser } from "../nn/optimisers.ts";
import { cosine } from "../nn/schedules.ts";
import { stream } from "../support/random.ts";
import { oneHot } from "../tasks/classification.ts";
import { classParts, realStart } from "./matching.ts";
import type { MethodStage } from "./method.ts";
import type { Networks } from "./networks.ts";
import type { MeanDistance } from "./objectives/distances/distance.ts";
import { distanceFromMeans } from "./objectives/feature-distance.ts";
import { type Items, type Optimisation, type Part, partOf, type StepDraw } from "./optimise.ts";
import type { Pairs } from "./pairs.ts";

/** In what one such method differs from another. */
export interface PairMatching {
  readonly name: string;
  readonly iterations: number;
  /** Adam (.9, .99) where it is not said. */
  readonly optimiser?: Optimiser;
  /** Highest learning rate, which falls to 0 along a cosine. */
  readonly learningRate: number;
  /** Weight of the cross-entropy beside the distance. */
  readonly crossEntropy: number;
  readonly networks: Networks;
  readonly distance: MeanDistance;
  readonly augmentation: Augmentation;
  readonly pairs: Pairs;
  readonly key: Readonly<Record<string, unknown>>;
}

/** Feeds of a step of some classes besides its rows: a pair's network and view, means and targets of `each` images a class. */
const feedsOf = (
  { pairs, crossEntropy }: PairMatching,
  C: number,
  classes: readonly number[],
  each: number,
  step: number,
): StepDraw => {
  const { size } = pairs;
  const { network, view, drawn, mean } = pairs.at(step);
  const means = new Float32Array(classes.length * size);
  for (const [i, c] of classes.entries()) means.set(mean(c), i * size);
  const labels = classes.flatMap((c) => Array.from({ length: each }, () => c));
  const targets = (): Tensor => tensor(oneHot(labels, C), [labels.length, C]);
  return {
    view,
    objective: {
      ...network,
      drawn,
      known: { means: tensor(means, [classes.length, size]), ...(crossEntropy > 0 && { targets: targets() }) },
    },
  };
};

/** Most images of a class that a step sees of methods with compensators, which make many of few. */
export const mostSeen = 40;

/** Standard deviation of compensators at the start, in normalised pixels: they must not be alike. */
const spread = 0.1;

const longs = (values: readonly number[]): Tensor => tensor(BigInt64Array.from(values, BigInt), [values.length]);

const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

/** Classes that are learnt together, and all that their images are made of. */
type ClassesPart = Part & { readonly classes: readonly number[] };

/** Each class by itself where classes share nothing, all of them together where they share compensators. */
const partsOf = (stage: MethodStage, name: string, each: number): readonly ClassesPart[] => {
  const { bases: K, perBase, perClass, classes: C, compensators } = stage.layout;
  if (perBase === 0) {
    const added = perClass > 0 && { perClass, each };
    return classParts(stage, name).map((part) => ({ ...part, key: { ...part.key, ...added }, classes: [part.c] }));
  }
  const learnt: Items = { bases: upTo(K * C), compensators: upTo(compensators) };
  const key = { bases: K, each, ...(perClass > 0 && { perBase, perClass }) };
  return [{ name: "all", title: name, curve: name, learnt, graph: name, key, classes: upTo(C) }];
};

/** The places of items of the set among those that a step holds, from 0 on; -1 of one that it does not hold. */
const placesIn = (items: readonly number[] = []) => {
  const places = new Map(items.map((item, at) => [item, at]));
  return (item: number): number => places.get(item) ?? -1;
};

/**
 * Images of each class go down the distance from known means. A step sees all of them, or `most` of each class where those
 * are fewer, drawn anew.
 */
export const matchPairs = (stage: MethodStage, method: PairMatching, most = Number.POSITIVE_INFINITY): Optimisation => {
  const { data, layout, recipe } = stage;
  const { classes: C, compensators, labelled, image } = layout;
  const { pairs, crossEntropy, name, learningRate, iterations } = method;
  const images = labelled / C;
  const each = Math.min(most, images);
  const parts = partsOf(stage, name, each);
  const [of, bases] = [partOf(parts), realStart(stage)];
  const picked = compensators > 0 || each < images;
  const together = parts[0]!.classes.length;
  const objective = distanceFromMeans({ ...method, classes: together, synthetic: each, size: pairs.size });
  const rowsOf = ({ classes, learnt }: ClassesPart, step: number): NonNullable<StepDraw["rows"]> => {
    const rows = classes.flatMap((c) =>
      Array.from(stream(recipe.seed, name, "rows", c, step).permutation(images).subarray(0, each), (vk) => vk * C + c),
    );
    const [base, compensator] = [placesIn(learnt.bases), placesIn(learnt.compensators)];
    return {
      bases: longs(rows.map((row) => base(layout.base(row)))),
      ...(compensators > 0 && {
        compensators: longs(rows.map((row) => compensator(layout.compensator(row)) + 1)),
      }),
    };
  };
  return {
    optimiser: adam({ beta1: 0.9, beta2: 0.99 }),
    ...method,
    layout,
    normalisation: data.dataset.normalisation,
    learningRate: cosine(learningRate, iterations),
    key: { ...method.key, learningRate, crossEntropy, pairs: pairs.key },
    advice: `lower the method's learningRate, or leave ${name} out`,
    ...(picked && { rows: each * together }),
    parts,
    objectives: () => [objective],
    start: async (part) => {
      const { classes, learnt } = of(part);
      const random = stream(recipe.seed, name, "compensators", ...(together < C ? classes : []));
      const count = (learnt.compensators?.length ?? 0) * 3 * image.height * image.width;
      return {
        bases: await bases(part),
        compensators: Float32Array.from({ length: count }, () => spread * random.normal()),
      };
    },
    draw: async (part, step) => ({
      ...feedsOf(method, C, of(part).classes, each, step),
      ...(picked && { rows: rowsOf(of(part), step) }),
    }),
  };
};
