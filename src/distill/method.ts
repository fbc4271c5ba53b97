// The record of a method: all there is to say of it, for the command line, recipes, reports and docs.
import { z } from "zod";
import type { Prepared } from "../recipe/prepare.ts";
import type { MethodChoice } from "../recipe/recipe.ts";
import {
  type Budget,
  budgetOf,
  type Layout,
  layoutOf,
  leastIpc,
  type Origin,
  parametrisationKinds,
  parametrisationOf,
  parametrisations,
  type Spending,
} from "../sets/index.ts";
import { choice } from "../support/fields.ts";
import type { Task } from "../tasks/task.ts";
import type { Stage } from "../teachers/stage.ts";
import type { JobKind, KeptAround } from "../training/kept.ts";
import type { History } from "../training/loop.ts";

/** The stored images of a method, and what was measured on the way. */
export interface Made {
  /** [K, C, 3, h, w], 8 bits: set by set of one image of each class, as they are stored. */
  readonly bases: Uint8Array;
  /** Compensators in the order of the layout, [K V + U C, 3, H, W], normalised; absent where nothing is added. */
  readonly compensators?: Float32Array;
  /** Loss curves for the report; none where nothing is optimised. */
  readonly curves: readonly { readonly name: string; readonly history: History }[];
}

/** Hues of a plot, one a family: INFER, real images, images optimised against teachers, or by matching. */
export type Family = "infer" | "real" | "teacher" | "features";

/** Shapes of marks in a plot, so that colour is not all that tells methods apart. */
export type Mark = "circle" | "square" | "diamond" | "triangle" | "wedge" | "plus" | "cross" | "star";

/** Work of a method: its stage, and the layout of the set that it makes. */
export interface MethodStage extends Stage, KeptAround {
  readonly layout: Layout;
  /** A folder for what several methods use: networks whose features are matched. */
  readonly shared: string;
}

type Shape = z.core.$ZodLooseShape;
type Parsed<S extends Shape> = z.output<z.ZodObject<S, z.core.$strict>>;

/** All there is to say of a way to make a set. */
export interface MethodRecord<Options> {
  /** As recipes and the command line have it. */
  readonly name: string;
  /** As people write it. */
  readonly title: string;
  /** arXiv number. */
  readonly paper?: string;
  /** Completes a line of help. */
  readonly about: string;
  readonly family: Family;
  readonly mark: Mark;
  /** The method of which it is an ablation: it takes over what a recipe sets of that one. */
  readonly ablates?: string;
  /** The method on whose finished work it stands, where that is another's. */
  readonly worksOn?: string;
  readonly needs: {
    /** Which teachers its images are made with; labels are another matter. */
    readonly teachers: "none" | "one" | "all";
    /** True where it asks of images that these teachers' BatchNorm layers see their usual statistics. */
    readonly statistics?: boolean;
  };
  readonly pixels: Origin;
  /** Architectures of the networks that it trains, to be checked before anything is computed. */
  readonly trains?: (options: Options) => readonly string[];
  /** The storage that it takes where none is said; images as they are where it does not say. */
  readonly storage?: string;
  /** The compensators for which each base set and each class leaves room; none where it is not said. */
  readonly compensators?: (teachers: number, options: Options) => Partial<Pick<Spending, "perBase" | "perClass">>;
  /** True where bases are repeated to as many training images in place of compensators. */
  readonly copies?: boolean;
  /** Training images of each class that one base image is made of; 1 where it is not said. */
  readonly imagesEach?: (task: Task) => number;
  /** True where the bases begin the recipe's random draw, so that they are known before anything is computed. */
  readonly draws?: (options: Options) => boolean;
  /**
   * Images for the layout of a stage, with finished work and checkpoints in its folder; methods that use one teacher take the
   * first. The same call goes on after an interruption.
   * @throws BUDGET where a class has too few images, INTERRUPTED and NOT_FINITE as loops do.
   */
  make(stage: MethodStage, options: Options): Promise<Made>;
  /** The kinds of jobs that it does; none where it computes nothing. */
  readonly kinds?: (options: Options) => readonly JobKind<MethodStage>[];
}

/** A method whose options are checked when they arrive. */
export interface Method extends MethodRecord<unknown> {
  /** Every option with its default, what it expects and its help. */
  readonly options: z.ZodObject<Shape, z.core.$strict>;
}

/** Options that every method has. */
const common = {
  storage: choice(
    parametrisationKinds,
    `how an image is stored: ${parametrisations.map(({ kind, about }) => `${kind} (${about})`).join(", ")}`,
  ).default("images"),
};

/** Makes a record known; `make` and `draws` are given checked options. */
export const defineMethod = <const S extends Shape>(
  options: S,
  record: MethodRecord<Parsed<S & typeof common>>,
): Method => {
  const storage = common.storage
    .removeDefault()
    .default(record.storage ?? "images")
    .meta(common.storage.meta() ?? {});
  const schema = z.strictObject({ ...common, storage, ...options }) as unknown as z.ZodObject<
    S & typeof common,
    z.core.$strict
  >;
  const parse = (given: unknown): Parsed<S & typeof common> => {
    const { name: _, ...rest } = z.looseObject({}).parse(given);
    return schema.parse(rest);
  };
  const { compensators, ...rest } = record;
  return {
    ...rest,
    options: schema as unknown as Method["options"],
    ...(compensators && {
      compensators: (teachers: number, given: unknown) => compensators(teachers, parse(given)),
    }),
    trains: (given) => record.trains?.(parse(given)) ?? [],
    draws: (given) => record.draws?.(parse(given)) ?? false,
    make: (stage, given) => record.make(stage, parse(given)),
    kinds: (given) => record.kinds?.(parse(given)) ?? [],
  };
};

/** Name of the parametrisation that stores the images of a choice. */
export const storageOf = ({ storage = "images" }: MethodChoice): string => String(storage);

/** The spending of a method's storage on bases and compensators. */
const spendingOf = (method: Method, chosen: MethodChoice, classes: number, teachers: number): Spending => ({
  classes,
  perBase: 0,
  ...method.compensators?.(teachers, chosen),
  perImage: parametrisationOf(storageOf(chosen)).perImage,
  ...(method.copies && { copies: true }),
});

/** The smallest ipc that a method makes a set of, with so many teachers. */
export const leastIpcOf = (method: Method, chosen: MethodChoice, classes: number, teachers: number): number =>
  leastIpc(spendingOf(method, chosen, classes, teachers));

/** The budget that `ipc` images a class buy by a method, with so many teachers. @throws DistilleryError BUDGET as budgetOf. */
export const budgetFor = (
  method: Method,
  chosen: MethodChoice,
  ipc: number,
  classes: number,
  teachers: number,
): Budget => budgetOf(ipc, spendingOf(method, chosen, classes, teachers));

/**
 * The layout of the set that a method makes for a budget. @throws DistilleryError RECIPE for images that cannot be stored so.
 */
export const layoutFor = (chosen: MethodChoice, budget: Budget, { dataset, task }: Prepared): Layout =>
  layoutOf({
    budget,
    classes: dataset.classes,
    image: task.image,
    normalisation: dataset.normalisation,
    storage: { kind: storageOf(chosen) },
  });
