// INFER's storage, all of it learnt by matching.
import { whole } from "../../support/fields.ts";
import { beforeMatching, type MatchOptions, matchOptions, networksOf, prepareMatching } from "../matched-networks.ts";
import { defineMethod, type MethodStage } from "../method.ts";
import { learning } from "../optimise.ts";
import { matchTogether } from "../pair-matching.ts";

/** Images of a class that a step of `infer-match` sees. */
const each = 40;

const together = learning(async (stage: MethodStage, given: MatchOptions) =>
  matchTogether(stage, await prepareMatching(stage, "infer-match", given), each),
);

/** INFER's storage, base images and compensators that all classes share, both learnt by matching. */
export const inferMatch = defineMethod(
  { ...matchOptions, compensators: whole(1, "compensators of each base set").default(4) },
  {
    name: "infer-match",
    title: "Matched INFER",
    about: "base images and compensators that all classes share, learnt by matching as match does",
    family: "features",
    mark: "diamond",
    needs: { teachers: "none" },
    pixels: "from-natural",
    trains: networksOf,
    storage: "formation2",
    compensators: (_, { compensators }) => compensators,
    make: together.make,
    kinds: (given) => [...beforeMatching(given), ...together.kinds(given)],
  },
);
