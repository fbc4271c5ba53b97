// The random draw of training images that a run begins with.
import { pickPerStratum } from "../../data/split.ts";
import type { Prepared } from "../../recipe/prepare.ts";
import { DistilleryError } from "../../support/errors.ts";
import { plural } from "../../support/format.ts";
import { stream } from "../../support/random.ts";

/**
 * The training images drawn for a run, `perClass` of every class, [perClass C] indices, base set by base set. Random
 * images and bases come from one draw: the bases are its beginning.
 */
export const drawImages = (data: Prepared, perClass: number, seed: number): Int32Array => {
  try {
    return pickPerStratum(data.train, data.task, data.dataset.classes, perClass, stream(seed, "bases"));
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
