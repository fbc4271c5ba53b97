// Batches of one image each of some classes, which SRe2L and its kin learn together.
import { type Random, stream } from "../support/random.ts";

/** Some classes, from `from` up to but without `to`, of the k-th image of each. */
export interface ClassBatch {
  readonly k: number;
  readonly from: number;
  readonly to: number;
  /** What tells it from others of the same k: nothing where all classes are in it. */
  readonly part: readonly number[];
}

/** Images of one step: the reference implementations take 100, and statistics of so many are good enough. */
const largest = 100;

/** Batches of one image a class that hold every class K times, of nearly equal sizes. */
export const classBatches = (bases: number, classes: number, most: number = largest): ClassBatch[] => {
  const parts = Math.ceil(classes / most);
  const edge = (part: number): number => Math.round((part * classes) / parts);
  return Array.from({ length: bases * parts }, (_, i) => {
    const [k, part] = [Math.floor(i / parts), i % parts];
    const from = edge(part);
    return { k, from, to: edge(part + 1), part: parts === 1 ? [] : [from] };
  });
};

/** The classes of a batch in order. */
export const classesOf = ({ from, to }: ClassBatch): Int32Array =>
  Int32Array.from({ length: to - from }, (_, i) => from + i);

/** A stream of random numbers of a batch's own. */
export const batchStream = (
  seed: number,
  name: string,
  { k, part }: ClassBatch,
  ...path: readonly (string | number)[]
): Random => stream(seed, name, k, ...part, ...path);
