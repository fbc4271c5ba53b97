// Matching with known means of real images: classes by themselves, or bases and compensators of all classes together.
import { type Tensor, tensor } from "../autodiff/index.ts";
import type { Augmentation } from "../data/augment/augmentation.ts";
import { adam, type Optimiser } from "../nn/optimisers.ts";
import { cosine } from "../nn/schedules.ts";
import { stream } from "../support/random.ts";
import { oneHot } from "../tasks/classification.ts";
import { classParts } from "./matching.ts";
import type { MethodStage } from "./method.ts";
import type { Networks } from "./networks.ts";
import type { MeanDistance } from "./objectives/distances/distance.ts";
import { distanceFromMeans } from "./objectives/feature-distance.ts";
import type { Items, Optimisation, Part, StepDraw } from "./optimise.ts";
import type { Pairs } from "./pairs.ts";
import { drawImages } from "./select/draw.ts";
import { pickNormalised } from "./select/pick.ts";

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
const feedsOf = ({ pairs, crossEntropy }: PairMatching, C: number, classes: readonly number[], each: number) => {
  const { size } = pairs;
  return (step: number): StepDraw => {
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
        known: {
          means: tensor(means, [classes.length, size]),
          ...(crossEntropy > 0 && { targets: targets() }),
        },
      },
    };
  };
};

const common = (stage: MethodStage, method: PairMatching) => ({
  optimiser: adam({ beta1: 0.9, beta2: 0.99 }),
  ...method,
  layout: stage.layout,
  normalisation: stage.data.dataset.normalisation,
  learningRate: cosine(method.learningRate, method.iterations),
  key: { ...method.key, learningRate: method.learningRate, crossEntropy: method.crossEntropy, pairs: method.pairs.key },
  advice: `lower the method's learningRate, or leave ${method.name} out`,
});

/** Images of each class by a loop of their own. */
export const matchClasses = (stage: MethodStage, method: PairMatching): Optimisation => {
  const { bases: K, classes: C } = stage.layout;
  const { parts, of, start } = classParts(stage, method.name);
  const objective = distanceFromMeans({ ...method, classes: 1, synthetic: K, size: method.pairs.size });
  return {
    ...common(stage, method),
    parts,
    objectives: () => [objective],
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
  const { name } = method;
  const images = (V + 1) * K;
  const each = Math.min(most, images);
  const learnt: Items = { bases: upTo(K * C), ...(V > 0 && { compensators: upTo(K * V) }) };
  const whole: Part = { name: "all", title: name, curve: name, learnt, graph: name, key: { bases: K, each } };
  const objective = distanceFromMeans({ ...method, classes: C, synthetic: each, size: method.pairs.size });
  const fed = feedsOf(method, C, upTo(C), each);
  return {
    ...common(stage, method),
    rows: each * C,
    parts: [whole],
    objectives: () => [objective],
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
