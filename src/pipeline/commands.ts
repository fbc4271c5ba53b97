import type { Recipe } from "../recipe/recipe.ts";
import type { Context } from "../support/context.ts";

/** What a command is told besides the recipe. */
export interface CommandContext extends Context {
  /** Folder for everything the command makes; what lies there already from the same recipe is taken up again. */
  readonly out: string;
  /** Aborted when the user asks to stop; the command then ends with an INTERRUPTED error after its current step. */
  readonly signal: AbortSignal;
  /** For CIFAR: a local archive. */
  readonly archive?: string;
  /** Pixels that an image of a folder may have. */
  readonly maxPixels?: number;
  /** What standard output can show. */
  readonly terminal: { readonly colour: boolean; readonly width: number };
}

export interface EvaluateContext extends CommandContext {
  /** Folder of the distilled set to be measured; absent: the one in `out`. */
  readonly set?: string;
}

/** What a command hands back to be printed: a text for people, or a JSON value for programs. */
export interface Outcome {
  readonly text: string;
  readonly json: unknown;
}

/** The work behind the command line, one function a command; errors are DistilleryErrors. */
export interface Commands {
  /** The whole path: data, teachers, compensators, labels, set, students, report. */
  run(recipe: Recipe, context: CommandContext): Promise<Outcome>;
  /** As far as the trained teachers. */
  teach(recipe: Recipe, context: CommandContext): Promise<Outcome>;
  /** As far as the distilled set. */
  distill(recipe: Recipe, context: CommandContext): Promise<Outcome>;
  /** Sets of several methods and budgets beside each other, under identical labels and steps. */
  compare(recipe: Recipe, context: CommandContext): Promise<Outcome>;
  /** Students on a distilled set, beside random images and the full data, and the report. */
  evaluate(recipe: Recipe, context: EvaluateContext): Promise<Outcome>;
}
