// The record that every piece of work is handed.
import type { Device } from "../runtime/index.ts";
import type { Context } from "../support/work/context.ts";
import type { Prepared } from "./prepare.ts";
import type { Recipe } from "./recipe.ts";

/** A piece of work: its data, recipe and device, and the folder of its finished parts and checkpoints. */
export interface Work extends Context {
  readonly recipe: Recipe;
  readonly data: Prepared;
  readonly device: Device;
  /** A folder of this work's own. */
  readonly folder: string;
}
