import type { Method as MethodName } from "../../sets/index.ts";
import type { Stage } from "../../teachers/stage.ts";
import type { History } from "../../training/loop.ts";

/** What a method made. */
export interface Made {
  /** [K, C, 3, H, W], 8 bits: set by set of one image of each class; K is ipc where there are no compensators. */
  readonly bases: Uint8Array;
  /** What is added to each base set, [K, V, 3, H, W], normalised; absent where nothing is. */
  readonly compensators?: Float32Array;
  /** What was measured on the way, for the report; none where nothing is optimised. */
  readonly curves: readonly { readonly name: string; readonly history: History }[];
}

export interface Method {
  readonly name: MethodName;
  /** Which teachers its images are made with; labels are another matter. */
  readonly teachers: "none" | "one" | "all";
  /** Whether it asks of images that these teachers' BatchNorm layers see their usual statistics. */
  readonly statistics?: boolean;
  /**
   * Images for `recipe.ipc` images of storage a class, with finished work and checkpoints in the stage's folder; methods that
   * use one teacher take the first. The same call goes on after an interruption.
   * @throws BUDGET where a class has too few images, INTERRUPTED and NOT_FINITE as loops do.
   */
  make(stage: Stage): Promise<Made>;
}
