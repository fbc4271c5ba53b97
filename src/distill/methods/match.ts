// Matching in trained networks: what beats random images.
import { matchingPairs, matchOptions } from "../matched-networks.ts";
import { defineMethod } from "../method.ts";

/**
 * Images go down the distance of their mean features from those of real images of their class, in networks like the student
 * (BatchNorm with running statistics: no image changes another), trained on the data and kept at several moments; DM's
 * objective (arXiv 2110.04181) with DSA's augmentation, Adam (.9, .99) along a cosine. The same networks' cross-entropy beside
 * it keeps classes apart whose means are close: without it students are some points lower (results/cifar10-match).
 */
export const match = defineMethod(matchOptions, {
  name: "match",
  title: "Matched features",
  about:
    "real images moved until networks of several stages of training give them their class's mean features and tell them apart",
  family: "features",
  mark: "square",
  ...matchingPairs("match"),
});
