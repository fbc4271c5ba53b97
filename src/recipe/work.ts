import type { Device } from "../runtime/index.ts";
import type { Context } from "../support/context.ts";
import type { Prepared } from "./prepare.ts";
import type { Recipe } from "./recipe.ts";

/** What is worked on, by what recipe, on which device, and where finished work and checkpoints are kept. */
export interface Work extends Context {
  readonly recipe: Recipe;
  readonly data: Prepared;
  readonly device: Device;
  /** A folder of this work's own. */
  readonly folder: string;
}
