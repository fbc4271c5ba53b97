import type { Method as MethodName } from "../../formats/index.ts";
import type { History } from "../../training/loop.ts";
import type { Choosing } from "../bases.ts";

/** INFER's rivals by name: ways to make a set of images that needs no compensators. */
export type RivalName = Exclude<MethodName, "infer" | "infer-copies" | "infer-noise" | "infer-one-teacher">;

/**
 * What a method is given: all that images are chosen by, teachers in the recipe's order (methods that use one take the first),
 * and a folder of its own, where finished work is kept and checkpoints of the unfinished.
 */
export interface Making extends Choosing {
  /** Images of each class to make. */
  readonly ipc: number;
}

/** What a method made. */
export interface Made {
  /** [ipc, C, 3, H, W], 8 bits: set by set of one image of each class, as the base sets of a distilled set. */
  readonly pixels: Uint8Array;
  /** What was measured on the way, for the report; none where nothing is optimised. */
  readonly curves: readonly { readonly name: string; readonly history: History }[];
}

export interface Method {
  readonly name: RivalName;
  /** One line for a table of methods. */
  readonly about: string;
  /** Which teachers its images are made with; labels are another matter. */
  readonly teachers: "none" | "one" | "all";
  /** @throws BUDGET where a class has too few images, INTERRUPTED and NOT_FINITE as loops do. The same call goes on. */
  make(making: Making): Promise<Made>;
}
