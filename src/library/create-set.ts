// A set of images that somebody made: by a method of one's own, or picked by hand.
import { describeTraining } from "../evaluation/describe-training.ts";
import { defaultsFor } from "../pipeline/recipe/defaults.ts";
import {
  budgetOf,
  type DistilledSet,
  describeDecoding,
  layoutOf,
  type Manifest,
  noticeOf,
  type Origin,
  packLabels,
  readSet,
  type Unlisted,
  writeSet,
} from "../sets/index.ts";
import { DistilleryError } from "../support/errors.ts";
import { classification } from "../tasks/classification.ts";

export interface OwnImages extends Pick<Manifest, "classes" | "image" | "normalisation"> {
  /** Name of the data that the images stand for. */
  readonly data: string;
  /** Name of what made them, any text. */
  readonly method: string;
  /** The origin of their pixels, which decides the notice that the set carries. */
  readonly pixels: Origin;
  /** Pixels 0..255 of K images of each of C classes, [K, C, 3, H, W]: image k of class c lies at k C + c. */
  readonly images: Uint8Array;
  /** A teacher's logits, [K C, C], and which one's; hard labels alone where absent. */
  readonly soft?: { readonly logits: Float32Array; readonly teacher: Manifest["teachers"][number] };
  readonly seed?: number;
}

/**
 * Writes images as a distilled set and reads it back; it is trained on, exported and measured as any other.
 * @throws DistilleryError SET where they do not fit, or where the folder holds something else.
 */
export const createSet = async (folder: string, own: OwnImages): Promise<DistilledSet> => {
  const { data, method, pixels, images, classes, image, normalisation, soft, seed = 0 } = own;
  const ofAll = 3 * image.height * image.width * classes.length;
  const ipc = images.length / ofAll;
  if (!Number.isInteger(ipc) || ipc < 1) {
    throw new DistilleryError(
      "SET",
      `images: expected a multiple of ${ofAll} values, 3 channels of ${image.height}x${image.width} for each of ${classes.length} classes, got ${images.length}`,
    );
  }
  const { student } = defaultsFor(data);
  const budget = budgetOf(ipc, { classes: classes.length, perBase: 0 });
  const storage = { kind: "images", ...image };
  const labels: Unlisted["labels"] = soft === undefined ? { kind: "none" } : { kind: "logits", dtype: "F16" };
  const manifest: Unlisted = {
    format: "distillery-set",
    version: 6,
    data,
    method,
    pixels,
    classes,
    image,
    normalisation,
    budget,
    storage,
    decoding: describeDecoding(layoutOf({ budget, classes, image, normalisation, storage })),
    compensators: { dtype: "none" },
    labels,
    teachers: soft === undefined ? [] : [soft.teacher],
    recipe: { data, ipc, student },
    training: describeTraining({ student }, classification(classes.length, image), budget, soft === undefined ? 0 : 1),
    seed,
    notice: noticeOf(pixels),
  };
  const packed = soft === undefined ? {} : packLabels(labels, soft.logits, classes.length);
  await writeSet(folder, { manifest, bases: images, compensators: new Float32Array(0), labels: packed });
  return readSet(folder);
};
