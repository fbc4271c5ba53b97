// The bytes that a set may take.
import { rm } from "node:fs/promises";
import type { Prepared } from "../recipe/prepare.ts";
import type { Recipe } from "../recipe/recipe.ts";
import {
  compensatorBytes,
  encodeSheet,
  type Layout,
  labelAxes,
  leastLabelBytes,
  parametrisationOf,
  type SetBytes,
  weighSet,
} from "../sets/index.ts";
import { DistilleryError } from "../support/errors.ts";
import { formatBytes } from "../support/format.ts";
import type { Context } from "../support/work/context.ts";
import { stopIfAborted } from "../support/work/interrupt.ts";
import { methodOf, precisionOf } from "./recipe/method.ts";

/** Bytes of a set's parts, with those of the smallest labels; parts that nobody can know yet are absent. */
type Least = Partial<Omit<SetBytes, "total">> & Pick<SetBytes, "labels">;

const totalOf = ({ bases = 0, compensators = 0, manifest = 0, labels }: Least): number =>
  bases + compensators + manifest + labels;

/** `where` begins the message: the folder of a set that was made. */
const tooMuch = (recipe: Recipe, most: number, least: Least, where = ""): DistilleryError => {
  const { bases, compensators = 0, manifest, labels } = least;
  const parts = [
    ...(bases === undefined ? [] : [`bases weigh ${formatBytes(bases)}`]),
    ...(compensators === 0 ? [] : [`compensators ${formatBytes(compensators)}`]),
    ...(manifest === undefined ? [] : [`the manifest ${formatBytes(manifest)}`]),
    `labels at least ${formatBytes(labels)}`,
  ];
  const total = totalOf(least);
  const enough =
    manifest !== undefined
      ? `${total} or more`
      : `more than ${total} (${bases === undefined ? "images and manifest come" : "the manifest comes"} on top)`;
  const smaller =
    compensators > 0 && precisionOf(recipe) !== "I4" ? "a smaller --ipc or the option precision=I4" : "a smaller --ipc";
  return new DistilleryError(
    "BUDGET",
    `${where}no set of ${formatBytes(most)} can be made of this recipe: ${parts.join(", ")}; give a --set-bytes of ${enough}, ${smaller}`,
  );
};

/** What is known of a set before it is made. */
export interface Ahead {
  readonly layout: Layout;
  /** The training images that begin the recipe's draw, [K C] or more indices: the bases of methods that draw them. */
  readonly drawn: Int32Array;
}

const weighBases = async (
  { train, task }: Prepared,
  { layout, drawn }: Ahead,
  { progress, signal }: Context,
): Promise<number> => {
  const { bases, classes, perSheet, stored } = layout;
  const { encode } = parametrisationOf(layout.kind);
  const bar = progress.task("bytes of the bases", bases);
  let bytes = 0;
  for (let k = 0; k < bases; k += perSheet) {
    stopIfAborted(signal, "bytes of the bases");
    const picks = drawn.subarray(k * classes, Math.min(bases, k + perSheet) * classes);
    const pixels = encode(await train.read(picks), task.image);
    bytes += (await encodeSheet(pixels, picks.length, stored)).length;
    bar.update(k + 1);
  }
  bar.done();
  return bytes;
};

/**
 * Fails on a set that cannot weigh as little as the recipe asks, as far as that is known before anything is computed: labels,
 * compensators, and bases that are drawn; the manifest comes on top. @throws BUDGET.
 */
export const checkSetBytes = async (recipe: Recipe, data: Prepared, ahead: Ahead, context: Context): Promise<void> => {
  const most = recipe.setBytes;
  if (most === undefined) return;
  const { layout } = ahead;
  const { classes } = data.task;
  const least: Least = {
    labels: leastLabelBytes(labelAxes(layout), classes, recipe.student.temperature),
    ...(layout.compensators > 0 && {
      compensators: compensatorBytes(precisionOf(recipe), layout),
    }),
    ...(methodOf(recipe.method).draws?.(recipe.method) && { bases: await weighBases(data, ahead, context) }),
  };
  if (totalOf(least) >= most) throw tooMuch(recipe, most, least);
};

/**
 * Writes a set by `write`, with labels in ever fewer bytes until all of it weighs at most what the recipe asks.
 * @throws DistilleryError BUDGET where not even labels of `least` bytes are small enough; nothing is left in the folder then.
 */
export const writeWithin = async (
  recipe: Recipe,
  folder: string,
  least: number,
  write: (labelBytes?: number) => Promise<void>,
): Promise<void> => {
  const { setBytes: most = Number.POSITIVE_INFINITY } = recipe;
  await write();
  for (let bytes = await weighSet(folder); bytes.total > most; bytes = await weighSet(folder)) {
    const left = bytes.labels - (bytes.total - most);
    if (left < least) {
      await rm(folder, { recursive: true });
      throw tooMuch(recipe, most, { ...bytes, labels: least }, `${folder}: `);
    }
    await write(left);
  }
};
