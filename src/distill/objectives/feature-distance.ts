// Objectives of matching: the distance of synthetic images' features from real ones', seen at every step or known as means.
import { add, float32, mul, reshape, slice, type Tensor, type Value } from "../../autodiff/index.ts";
import { crossEntropy } from "../../nn/losses.ts";
import type { Random } from "../../support/random.ts";
import { frozenLogits } from "../../training/train-step.ts";
import type { Networks } from "../networks.ts";
import { type Distance, type MeanDistance, meanOf } from "./distances/distance.ts";
import { featureCount, outputsIn, penultimate } from "./features.ts";
import type { Groups, Objective } from "./objective.ts";

/** Real images go through the network a few at a time: nothing of them is kept for a gradient. */
const stretch = 64;

/** A few at a time, and what `of` makes of them; nothing of a stretch outlives it. */
const stretches = (images: Value, of: (some: Value) => Value): Value[] => {
  const n = images.shape[0]!;
  return Array.from({ length: Math.ceil(n / stretch) }, (_, i) =>
    of(slice(images, 0, i * stretch, Math.min(n, (i + 1) * stretch))),
  );
};

/** The mean [S] of what a distance compares, over images [n, 3, H, W] whose features `featuresOf` gives. */
export const knownMean = (
  distance: MeanDistance,
  images: Value,
  drawn: Groups<Value>[string],
  featuresOf: (some: Value) => Value,
): Value => meanOf(stretches(images, (some) => distance.embed(featuresOf(some), drawn)));

/** The rows of class `c` of `classes` equal parts of x. */
const part = (x: Value, c: number, classes: number): Value => {
  const n = x.shape[0]! / classes;
  return classes === 1 ? x : slice(x, 0, c * n, (c + 1) * n);
};

const sumOver = (classes: number, of: (c: number) => Value): Value =>
  Array.from({ length: classes }, (_, c) => of(c)).reduce(add);

/** Networks, a distance and the classes of a step, whose images stand class by class. */
export interface Matched<D extends Distance = Distance> {
  readonly networks: Networks;
  readonly distance: D;
  readonly classes: number;
}

const commonFeeds = ({ networks, distance }: Matched): Objective["feeds"] => ({
  ...networks.types,
  drawn: distance.drawn(featureCount(networks)),
});

/**
 * Sum over classes of the distance of psi(A(synthetic)) from psi(A(real)), psi being what enters a network's last layer and A
 * the augmentation of the step, the same for both (DM, arXiv 2110.04181). It is fed the network, `drawn` of the distance and
 * `real.images` [classes real, 3, H, W].
 */
export const distanceFromImages = (matched: Matched, real: number): Objective => {
  const { networks, distance: of, classes } = matched;
  const { height, width } = networks.model.task.image;
  return {
    feeds: { ...commonFeeds(matched), real: { images: float32(classes * real, 3, height, width) } },
    loss: (images, { real: seenReal, drawn, ...network }, seen) => {
      const featuresOf = (some: Value): Value => penultimate(outputsIn(networks, network, some));
      const own = featuresOf(images);
      const distance = sumOver(classes, (c) =>
        of.between(
          part(own, c, classes),
          stretches(part(seenReal!.images!, c, classes), (some) => featuresOf(seen(some))),
          drawn!,
        ),
      );
      return { loss: distance, scalars: { distance } };
    },
  };
};

/** The same for one class, as `matching` takes it: the objective, and what the distance draws for a step. */
export const byFeatures = (networks: Networks, distance: Distance) => {
  // Counted once: it traces a whole forward pass.
  let features: number | undefined;
  return {
    objective: ({ real }: { readonly real: number }): Objective =>
      distanceFromImages({ networks, distance, classes: 1 }, real),
    also: (_: number, random: (what: string) => Random): Groups<Tensor> => {
      features ??= featureCount(networks);
      return { drawn: distance.draw(random("distance"), features) };
    },
  };
};

export interface KnownMeans extends Matched<MeanDistance> {
  /** Images of each class. */
  readonly synthetic: number;
  /** S, numbers of a class's known mean. */
  readonly size: number;
  /** Weight of the cross-entropy of the images, told by the networks' judge or else by the network itself; 0 leaves it out. */
  readonly crossEntropy: number;
}

/**
 * The same distance where the means of the real images are known, plus a weight times the cross-entropy of the images. It is
 * fed the network, `drawn` of the distance, `known.means` [classes, S] and, where the cross-entropy counts, `known.targets` [n,
 * C].
 */
export const distanceFromMeans = (matched: KnownMeans): Objective => {
  const { networks, distance: of, classes, synthetic, size, crossEntropy: weight } = matched;
  const { model, judge } = networks;
  return {
    feeds: {
      ...commonFeeds(matched),
      known: {
        means: float32(classes, size),
        ...(weight > 0 && { targets: float32(classes * synthetic, model.task.outputs) }),
      },
    },
    loss: (images, { known, drawn, ...network }) => {
      const outputs = outputsIn(networks, network, images);
      const features = penultimate(outputs);
      const distance = sumOver(classes, (c) => {
        const mean = meanOf([of.embed(part(features, c, classes), drawn!)]);
        return of.gap(mean, reshape(slice(known!.means!, 0, c, c + 1), [size]));
      });
      if (weight === 0) return { loss: distance, scalars: { distance } };
      const told = crossEntropy(judge ? frozenLogits(judge, images) : outputs, known!.targets!);
      return { loss: add(distance, mul(told, weight)), scalars: { distance, crossEntropy: told } };
    },
  };
};
