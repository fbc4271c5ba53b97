// The interface of the commands behind the command line.
import type { Comparison } from "../evaluation/comparison.ts";
import type { Report } from "../evaluation/rows.ts";
import type { TeachersReport } from "../evaluation/teachers-report.ts";
import type { Recipe } from "../recipe/recipe.ts";
import type { DeviceName } from "../runtime/index.ts";
import type { Manifest, SetBytes } from "../sets/index.ts";
import type { TrainingWishes } from "../students/plan.ts";
import type { Context } from "../support/work/context.ts";
import type { StudentReport } from "./train/account.ts";

/** Everything that a command is told besides the recipe. */
export interface CommandContext extends Context {
  /** Folder for everything the command makes; what lies there already from the same recipe is taken up again. */
  readonly out: string;
  /** Aborted when the user asks to stop; the command then ends with an INTERRUPTED error after its current step. */
  readonly signal: AbortSignal;
  /** For CIFAR: a local archive. */
  readonly archive?: string;
  /** Pixels that an image of a folder may have. */
  readonly maxPixels?: number;
}

export interface EvaluateContext extends CommandContext {
  /** Folder of the distilled set to be measured; absent: the one in `out`. */
  readonly set?: string;
}

/** Everything that `train` is told besides its folder. */
export interface TrainOptions extends TrainingWishes {
  /** Folder of the set. */
  readonly set: string;
  /** Name of an architecture. */
  readonly student: string;
  readonly device?: DeviceName;
  /** Data on whose test images the student is measured; absent: it is not. */
  readonly data?: string;
  readonly resize?: number;
  readonly test?: number;
  readonly skipUnreadable?: boolean;
}

/** The result of a command and the paths of its files by what they hold, in the order in which people look for them. */
export interface Found<T> {
  readonly report: T;
  readonly files: Readonly<Record<string, string>>;
}

export interface DistilledFolder {
  readonly folder: string;
  readonly manifest: Manifest;
  readonly bytes: SetBytes;
  /** Resolution of `best` and its reason, where the recipe asked for that. */
  readonly best?: string;
}

/** The commands that are told by a recipe. */
export type RecipeCommand = Exclude<keyof Commands, "train">;

/** The work behind the command line, one function a command, without a word of text; errors are DistilleryErrors. */
export interface Commands {
  /** The whole path: data, teachers, compensators, labels, set, students, report. */
  run(recipe: Recipe, context: CommandContext): Promise<Found<Report>>;
  /** As far as the trained teachers. */
  teach(recipe: Recipe, context: CommandContext): Promise<Found<TeachersReport>>;
  /** As far as the distilled set. */
  distill(recipe: Recipe, context: CommandContext): Promise<DistilledFolder>;
  /** Sets of several methods and budgets beside each other, under identical labels and steps. */
  compare(recipe: Recipe, context: CommandContext): Promise<Found<Comparison>>;
  /** One student on a set alone, and its files. */
  train(options: TrainOptions, context: CommandContext): Promise<Found<StudentReport>>;
  /** Students on a distilled set, beside random images and the full data, and the report. */
  evaluate(recipe: Recipe, context: EvaluateContext): Promise<Found<Report>>;
}
