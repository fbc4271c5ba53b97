// Matching by a curriculum: young networks and easy images first.
import { matchingPairs, matchOptions } from "../matched-networks.ts";
import { defineMethod } from "../method.ts";

/**
 * `match` whose steps see networks in the order of their training, the means of whose early moments are those of images that
 * the trained network finds easy: what a set learns first is what networks learn first.
 */
export const curriculum = defineMethod(
  {
    ...matchOptions,
    order: matchOptions.order.removeDefault().default("early-to-late"),
    realImages: matchOptions.realImages.removeDefault().default("easy-to-hard"),
  },
  {
    name: "curriculum",
    title: "Matched by a curriculum",
    about: "match with networks of early moments first, which see the means of easy images, and all images at the last",
    family: "features",
    mark: "plus",
    ...matchingPairs("curriculum"),
  },
);
