// The random draw of training images that a run begins with.
import { pickPerStratum } from "../../data/split.ts";
import type { Prepared } from "../../recipe/prepare.ts";
import type { Recipe } from "../../recipe/recipe.ts";
import { DistilleryError } from "../../support/errors.ts";
import { plural } from "../../support/format.ts";
import { type Random, stream } from "../../support/random.ts";

/** The part of a recipe that decides which training images a set begins with. */
export type Draw = Pick<Recipe, "seed" | "draw">;

/** A stream of random numbers that differs from draw to draw. */
export const drawStream = ({ seed, draw = 0 }: Draw, ...path: readonly (string | number)[]): Random =>
  draw === 0 ? stream(seed, ...path) : stream(seed, ...path, "draw", draw);

/** The settings by which keys of work that begins with drawn images tell the draws apart. */
export const drawKey = ({ seed, draw = 0 }: Draw) => ({ seed, ...(draw > 0 && { draw }) });

/**
 * The training images drawn for a run, `perClass` of every class, [perClass C] indices, base set by base set. Random
 * images and bases come from one draw: the bases are its beginning.
 */
export const drawImages = (data: Prepared, perClass: number, draw: Draw): Int32Array => {
  try {
    return pickPerStratum(data.train, data.task, data.dataset.classes, perClass, drawStream(draw, "bases"));
  } catch (cause) {
    const held = data.validation.length;
    if (!(cause instanceof DistilleryError) || held === 0) throw cause;
    throw new DistilleryError(
      cause.code,
      `${cause.message} (not counting ${plural(held, "training image")} held out for validation; --validation 0 holds out none)`,
      { cause },
    );
  }
};
