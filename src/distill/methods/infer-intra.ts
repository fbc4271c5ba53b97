// INFER's storage turned around: compensators of a class, all of it learnt by matching.
import { whole } from "../../support/fields.ts";
import { matchingPairs, matchOptions } from "../matched-networks.ts";
import { defineMethod } from "../method.ts";
import { mostSeen } from "../pair-matching.ts";
import { precision } from "../stored.ts";

/**
 * INFER (arXiv 2408.06927) shares a compensator among classes and calls it inter-class; here the base images of one class share
 * it. Classes then have nothing in common, and each is learnt by a loop of its own.
 */
export const inferIntra = defineMethod(
  {
    ...matchOptions,
    perClass: whole(1, "compensators of each class, which its base images share").default(2),
    precision: precision.default("I8"),
  },
  {
    name: "infer-intra",
    title: "Matched INFER within classes",
    about: "base images and compensators that those of a class share, learnt by matching as match does",
    family: "infer",
    mark: "cross",
    ...matchingPairs("infer-intra", { most: mostSeen }),
    compensators: (_, { perClass }) => ({ perClass }),
  },
);
