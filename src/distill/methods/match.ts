// Matching in trained networks: what beats random images.
import { beforeMatching, type MatchOptions, matchOptions, networksOf, prepareMatching } from "../matched-networks.ts";
import { defineMethod, type MethodStage } from "../method.ts";
import { learning } from "../optimise.ts";
import { matchPairs } from "../pair-matching.ts";

/** What methods have in common that match the images of each class by themselves. */
export const matchingClasses = (name: string) => {
  const images = learning(async (stage: MethodStage, given: MatchOptions) =>
    matchPairs(stage, await prepareMatching(stage, name, given)),
  );
  return {
    needs: { teachers: "none" },
    pixels: "from-natural",
    trains: networksOf,
    storage: "formation2",
    make: images.make,
    kinds: (given: MatchOptions) => [...beforeMatching(given), ...images.kinds(given)],
  } as const;
};

/**
 * Images go down the distance of their mean features from those of real images of their class, in networks like the student
 * (BatchNorm with running statistics: no image changes another), trained on the data and kept at several moments; DM's objective
 * (arXiv 2110.04181) with DSA's augmentation, Adam (.9, .99) along a cosine. The same networks' cross-entropy beside it keeps
 * classes apart whose means are close: without it students are some points lower (results/cifar10-match).
 */
export const match = defineMethod(matchOptions, {
  name: "match",
  title: "Matched features",
  about:
    "real images moved until networks of several stages of training give them their class's mean features and tell them apart",
  family: "features",
  mark: "square",
  ...matchingClasses("match"),
});
