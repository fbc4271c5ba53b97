// Messages between a worker and the processes that compute for it.
import type { RecipeCommand } from "../../pipeline/commands.ts";
import type { Recipe } from "../../recipe/recipe.ts";
import type { ErrorCode } from "../../support/errors.ts";

/** The command that a child walks through; it is told first, and once. */
export interface Order {
  readonly command: RecipeCommand;
  readonly recipe: Recipe;
  /** The ground of all others; another is refused. */
  readonly ground: string;
  readonly fingerprint: string;
  /** Address of the store of artefacts. */
  readonly store: string;
  readonly threads: number;
  /** A folder of the child's own. */
  readonly scratch: string;
  readonly secondsBetweenCheckpoints?: number;
  readonly set?: string;
  readonly archive?: string;
  readonly maxPixels?: number;
}

/** A job that is asked for. */
export interface Wanted {
  readonly kind: string;
  readonly key: string;
  readonly name: string;
  /** The folder of its result, relative to the command's. */
  readonly folder: string;
  readonly piece?: string;
}

export type ToChild =
  | { readonly type: "order"; readonly order: Order }
  | { readonly type: "make"; readonly wanted: Wanted }
  /** Asks for the job to stop at its next step, with its checkpoint saved. */
  | { readonly type: "stop" };

/** An error on its way to another process; without a code where it is a mistake of the program. */
export interface Told {
  readonly code?: ErrorCode;
  readonly message: string;
}

export type FromChild =
  /** The ground is the same: jobs may be asked for. */
  | { readonly type: "ready" }
  /** The command cannot be walked through. */
  | { readonly type: "refused"; readonly error: Told }
  | { readonly type: "progress"; readonly units: number }
  | { readonly type: "note"; readonly text: string }
  | { readonly type: "made" }
  /** `over`: the walk has ended, and the child with it. */
  | { readonly type: "failed"; readonly error: Told; readonly over: boolean };
