// Matching with known means: images of each class by themselves, or bases and compensators of all classes together.
import { type Tensor, tensor } from "../autodiff/index.ts";
import type { Augmentation } from "../data/augment/augmentation.ts";
import { adam } from "../nn/optimisers.ts";
import { cosine } from "../nn/schedules.ts";
import { stream } from "../support/random.ts";
import { oneHot } from "../tasks/classification.ts";
import { classParts } from "./matching.ts";
import type { MethodStage } from "./method.ts";
import type { Networks } from "./networks.ts";
import { knownMeans } from "./objectives/known-means.ts";
import type { Items, Optimisation, Part, StepDraw } from "./optimise.ts";
import type { Pairs } from "./pairs.ts";
import { drawImages } from "./select/draw.ts";
import { pickNormalised } from "./select/pick.ts";

/** In what one such method differs from another. */
export interface PairMatching {
  readonly name: string;
  readonly iterations: number;
  /** Highest learning rate of Adam (.9, .99), which falls to 0 along a cosine. */
  readonly learningRate: number;
  /** Weight of the cross-entropy beside the means. */
  readonly crossEntropy: number;
  readonly networks: Networks;
  readonly augmentation: Augmentation;
  readonly pairs: Pairs;
  readonly key: Readonly<Record<string, unknown>>;
}

/** Feeds of a step of some classes besides its rows: a pair's network and view, means and targets of `each` images a class. */
const feedsOf = ({ pairs, crossEntropy }: PairMatching, C: number, classes: readonly number[], each: number) => {
  const { features } = pairs;
  return (step: number): StepDraw => {
    const { network, view, mean } = pairs.at(step);
    const means = new Float32Array(classes.length * features);
    for (const [i, c] of classes.entries()) means.set(mean(c), i * features);
    const labels = classes.flatMap((c) => Array.from({ length: each }, () => c));
    const targets = (): Tensor => tensor(oneHot(labels, C), [labels.length, C]);
    return {
      view,
      objective: {
        ...network,
        known: {
          means: tensor(means, [classes.length, features]),
          ...(crossEntropy > 0 && { targets: targets() }),
        },
      },
    };
  };
};

const common = (stage: MethodStage, method: PairMatching) => ({
  ...method,
  layout: stage.layout,
  normalisation: stage.data.dataset.normalisation,
  optimiser: adam({ beta1: 0.9, beta2: 0.99 }),
  learningRate: cosine(method.learningRate, method.iterations),
  key: { ...method.key, learningRate: method.learningRate, crossEntropy: method.crossEntropy, pairs: method.pairs.key },
  advice: `lower the method's learningRate, or leave ${method.name} out`,
});

/** Images of each class by a loop of their own. */
export const matchClasses = (stage: MethodStage, method: PairMatching): Optimisation => {
  const { bases: K, classes: C } = stage.layout;
  const { parts, of, start } = classParts(stage, method.name);
  const { networks, pairs, crossEntropy } = method;
  const batch = { classes: 1, synthetic: K, features: pairs.features, crossEntropy };
  return {
    ...common(stage, method),
    parts,
    objectives: () => [knownMeans(networks, batch)],
    start,
    draw: async (part, step) => feedsOf(method, C, [of(part).c], K)(step),
  };
};

/** Standard deviation of compensators at the start, in normalised pixels: they must not be alike. */
const spread = 0.1;

const longs = (values: readonly number[]): Tensor => tensor(BigInt64Array.from(values, BigInt), [values.length]);

const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

/** All bases and compensators in one loop, of which each step sees up to `each` images of each class. */
export const matchTogether = (stage: MethodStage, method: PairMatching, most: number): Optimisation => {
  const { data, layout, recipe } = stage;
  const { bases: K, compensators: V, classes: C, image } = layout;
  const { networks, pairs, crossEntropy, name } = method;
  const images = (V + 1) * K;
  const each = Math.min(most, images);
  const learnt: Items = { bases: upTo(K * C), ...(V > 0 && { compensators: upTo(K * V) }) };
  const whole: Part = { name: "all", title: name, curve: name, learnt, graph: name, key: { bases: K, each } };
  const batch = { classes: C, synthetic: each, features: pairs.features, crossEntropy };
  const fed = feedsOf(method, C, upTo(C), each);
  return {
    ...common(stage, method),
    rows: each * C,
    parts: [whole],
    objectives: () => [knownMeans(networks, batch)],
    start: async () => ({
      bases: await pickNormalised(stage, drawImages(data, K, recipe)),
      compensators: Float32Array.from(
        { length: K * V * 3 * image.height * image.width },
        (
          (random) => () =>
            spread * random.normal()
        )(stream(recipe.seed, name, "compensators")),
      ),
    }),
    draw: async (_, step) => {
      const rows = upTo(C).flatMap((c) =>
        Array.from(
          stream(recipe.seed, name, "rows", c, step).permutation(images).subarray(0, each),
          (vk) => vk * C + c,
        ),
      );
      return {
        ...fed(step),
        rows: {
          bases: longs(rows.map(layout.base)),
          ...(V > 0 && { compensators: longs(rows.map((row) => layout.compensator(row) + 1)) }),
        },
      };
    },
  };
};
