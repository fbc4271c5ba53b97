// The order in which the steps of a loop see pairs of a network and a view.
import { batchIndices } from "../training/batches.ts";

export const pairOrders = ["random", "early-to-late"] as const;
export type PairOrder = (typeof pairOrders)[number];

/** Numbers of pairs, which stand network by network, in each moment by moment, in each view by view. */
export interface PairCounts {
  /** Networks, each counted once for every moment that it is kept at. */
  readonly networks: number;
  readonly moments: number;
  readonly views: number;
}

/** The number of a pair's moment, the earliest being 0. */
export const momentOf = (pair: number, { moments, views }: Pick<PairCounts, "moments" | "views">): number =>
  Math.floor(pair / views) % moments;

/** The pair of each of so many steps. */
type Ordering = (counts: PairCounts, seed: number, steps: number) => (step: number) => number;

const orderings: Readonly<Record<PairOrder, Ordering>> = {
  random: ({ networks, views }, seed) => {
    const order = batchIndices(networks * views, 1, seed, "pairs");
    return (step) => order(step)[0]!;
  },
  // As many steps for each moment, whose pairs of all networks come in random order.
  "early-to-late": ({ networks, moments, views }, seed, steps) => {
    const each = (networks / moments) * views;
    const orders = Array.from({ length: moments }, (_, m) => batchIndices(each, 1, seed, `pairs of moment ${m}`));
    return (step) => {
      const m = Math.floor((step * moments) / steps);
      const at = orders[m]!(step - Math.ceil((m * steps) / moments))[0]!;
      return (Math.floor(at / views) * moments + m) * views + (at % views);
    };
  },
};

/** The pair of a step; all that may come have been drawn before one comes again. */
export const pairOrder = (order: PairOrder, ...given: Parameters<Ordering>): ((step: number) => number) =>
  orderings[order](...given);
