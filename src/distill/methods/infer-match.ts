// INFER's storage, all of it learnt by matching.
import { choice, whole } from "../../support/fields.ts";
import { matchingPairs, matchOptions } from "../matched-networks.ts";
import { defineMethod } from "../method.ts";
import { mostSeen } from "../pair-matching.ts";
import { precision } from "../stored.ts";

/** INFER's storage, base images and compensators that classes or the bases of a class share, all learnt by matching. */
export const inferMatch = defineMethod(
  {
    ...matchOptions,
    sharing: choice(
      ["all", "class", "both"],
      "what shares a compensator: the images of all classes in a base set (all), those of a class in all base sets (class), or some each (both)",
    ).default("all"),
    compensators: whole(1, "compensators of each base set, which all classes share").default(4),
    perClass: whole(1, "compensators of each class, which its base images share").default(2),
    precision: precision.default("I8"),
  },
  {
    name: "infer-match",
    title: "Matched INFER",
    about: "base images and compensators that all classes share, learnt by matching as match does",
    family: "features",
    mark: "diamond",
    ...matchingPairs("infer-match", { most: mostSeen }),
    compensators: (_, { sharing, compensators, perClass }) => ({
      ...(sharing !== "class" && { perBase: compensators }),
      ...(sharing !== "all" && { perClass }),
    }),
  },
);
