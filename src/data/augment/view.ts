// Crops, shifts and reflections that a batch shares, as products with two matrices.
import {
  float32,
  gather,
  int64,
  matmul,
  type Tensor,
  type TensorType,
  tensor,
  type Value,
} from "../../autodiff/index.ts";
import type { Random } from "../../support/random.ts";
import type { NetworkTask } from "../../tasks/task.ts";
import { defaultCrop, drawCrop, mixAt, type Size, tapsOf } from "./resized-crop.ts";

/**
 * One augmentation of a batch, the same for all of its images. `places`: where each of the H rows and W columns comes from,
 * which is all that shifts need. `mixes`: out = rows x columns^T with rows [H, H] and columns [W, W]; crops that are resized,
 * shifts and reflections of an axis-aligned image are all of this form, linear and exact.
 */
export interface View<T = Tensor> {
  readonly rows: T;
  readonly columns: T;
}

export type ViewKind = "places" | "mixes";

export const viewTypes = (kind: ViewKind, { height, width }: Size): View<TensorType> =>
  kind === "places"
    ? { rows: int64(height), columns: int64(width) }
    : { rows: float32(height, height), columns: float32(width, width) };

const isByPlaces = ({ rows }: View<Value>): boolean => rows.shape.length === 1;

/** Images [N, 3, H, W] seen in a view. */
export const applyView = (images: Value, view: View<Value>): Value =>
  isByPlaces(view)
    ? gather(gather(images, view.rows, 2), view.columns, 3)
    : matmul(view.rows, matmul(images, view.columns, { transposeB: true }));

/** Largest cyclic shift in pixels: INFER's (arXiv 2408.06927) 4 at 32x32 and 32 at 224x224, on a line between and beyond. */
export const largestShift = (side: number): number =>
  Math.max(4, Math.min(32, Math.floor(4 + (28 * (side - 32)) / 192)));

/** A cyclic shift of rows and one of columns, by places. */
export const drawShift = (random: Random, { height, width }: Size): View => {
  const rolled = (length: number): Tensor => {
    const by = random.int(largestShift(length) + 1);
    return tensor(
      BigInt64Array.from({ length }, (_, i) => BigInt((i - by + length) % length)),
      [length],
    );
  };
  return { rows: rolled(height), columns: rolled(width) };
};

/** The matrix [length, from] of an axis whose place i shows a mix of `from` places, as [place, weight] pairs. */
export const axis = (
  length: number,
  shows: (i: number) => readonly (readonly [number, number])[],
  from = length,
): Tensor => {
  const matrix = new Float32Array(length * from);
  for (let i = 0; i < length; i++) for (const [place, weight] of shows(i)) matrix[i * from + place]! += weight;
  return tensor(matrix, [length, from]);
};

/**
 * The view of INFER, SRe2L and CDA on large images: a crop of at least `least` of the area resized to the whole, mirrored
 * or not, then cyclically shifted by up to `largestShift`. With `least` = 1 the crop is the whole image, of whatever shape.
 */
export const drawView = (random: Random, image: Size, least: number): View => {
  const crop =
    least >= 1 ? { top: 0, left: 0, ...image } : drawCrop(image, { ...defaultCrop, scale: [least, 1] }, random);
  const mirrored = random.int(2) === 1;
  const resized = (length: number, from: number, size: number, mirror: boolean): Tensor => {
    const by = random.int(largestShift(length) + 1);
    const taps = tapsOf(from, size, length);
    return axis(length, (i) => {
      const place = (i - by + length) % length;
      return mixAt(taps, mirror ? length - 1 - place : place);
    });
  };
  return {
    rows: resized(image.height, crop.top, crop.height, false),
    columns: resized(image.width, crop.left, crop.width, mirrored),
  };
};

/** The smallest part of an image's area that SRe2L crops: from Tiny-ImageNet's size on it crops, below it does not. */
export const defaultMinScale = ({ image }: NetworkTask): number =>
  Math.min(image.height, image.width) < 64 ? 1 : defaultCrop.scale[0];

/** A random crop of images padded by an eighth of their side with zeros (the mean colour), mirrored or not. */
export const drawPaddedCrop = (random: Random, { height, width }: Size): View => {
  const moved = (length: number, mirror: boolean): Tensor => {
    const pad = Math.round(length / 8);
    const by = random.int(2 * pad + 1) - pad;
    return axis(length, (i) => {
      const place = (mirror ? length - 1 - i : i) + by;
      return place < 0 || place >= length ? [] : [[place, 1]];
    });
  };
  const mirrored = random.int(2) === 1;
  return { rows: moved(height, false), columns: moved(width, mirrored) };
};
