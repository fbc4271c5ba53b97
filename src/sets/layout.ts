// The tensors of a set, and the rule by which a training image is made of them.
import { add, type Value } from "../autodiff/index.ts";
import { clipPixels } from "../data/augment/clip.ts";
import type { Size } from "../data/augment/resized-crop.ts";
import type { Normalisation } from "../data/dataset.ts";
import type { Budget } from "./budget.ts";
import { parametrisationOf } from "./parametrisations/registry.ts";

/** The fields of a manifest that decide how its tensors become images. */
export interface Stored {
  readonly budget: Budget;
  readonly classes: { readonly length: number };
  readonly image: Size;
  readonly normalisation: Normalisation;
  readonly storage: { readonly kind: string };
}

/**
 * K base sets of one image a class, C classes, V >= 0 compensators for each base set, which all classes share (INFER, arXiv
 * 2408.06927), and U >= 0 for each class, which all base sets share. Training image (v, k, c), v = 0..V+U, is base k of class
 * c, with nothing added for v = 0, compensator v - 1 of base set k for v = 1..V, and compensator v - V - 1 of class c from
 * there on. Its row is (v K + k) C + c, and so its class is the row's remainder by C.
 */
export interface Layout {
  /** The parametrisation of its bases. */
  readonly kind: string;
  /** K, V, U, C. */
  readonly bases: number;
  readonly perBase: number;
  readonly perClass: number;
  readonly classes: number;
  /** K V + U C, all compensators: first those of base sets, k V + v - 1, then those of classes, K V + (v - V - 1) C + c. */
  readonly compensators: number;
  /** (1 + V + U) K C, the distinct training images, each with a row of labels. */
  readonly labelled: number;
  readonly image: Size;
  /** Size of a stored base. */
  readonly stored: Size;
  /** Base sets that one contact sheet holds, which takes the pixels of one image a class. */
  readonly perSheet: number;
  /** The base image of a row, k C + c. */
  base(row: number): number;
  /** The compensator of a row; -1 where nothing is added. */
  compensator(row: number): number;
  /** True where a training image is what is stored, nothing rebuilt. */
  readonly plain: boolean;
  /**
   * Normalised images [n, 3, H, W] of n bases [n, 3, h, w] and, where the set has such, n compensators [n, 3, H, W] or one for
   * all of them: clip(P_k + u_kj), at valid pixels (INFER, arXiv 2408.06927, section 3).
   */
  decode(items: { readonly bases: Value; readonly compensators?: Value }): Value;
}

export const layoutOf = ({ budget, classes, image, normalisation, storage }: Stored): Layout => {
  const parametrisation = parametrisationOf(storage.kind);
  const { bases: K, perBase: V, perClass: U, compensators } = budget;
  const C = classes.length;
  const { perImage, stored, decode } = parametrisation;
  return {
    kind: storage.kind,
    bases: K,
    perBase: V,
    perClass: U,
    classes: C,
    compensators,
    labelled: (1 + V + U) * K * C,
    image,
    stored: stored(image),
    perSheet: perImage,
    base: (row) => row % (K * C),
    compensator: (row) => {
      const [v, k, c] = [Math.floor(row / (K * C)), Math.floor(row / C) % K, row % C];
      if (compensators === 0 || v === 0) return -1;
      return v <= V ? k * V + v - 1 : K * V + (v - V - 1) * C + c;
    },
    plain: compensators === 0 && perImage === 1,
    decode: ({ bases, compensators: added }) => {
      const images = decode(bases, image);
      return added === undefined ? images : clipPixels(add(images, added), normalisation);
    },
  };
};

/** Shape of all compensators, in the layout's order; a file names the axes that the first one stands for (see axes.ts). */
export const compensatorShape = ({ compensators, image }: Layout): readonly number[] => [
  compensators,
  3,
  image.height,
  image.width,
];

export const sameSize = (a: Size, b: Size): boolean => a.height === b.height && a.width === b.width;

/** Says in words how training images are rebuilt. */
export const describeDecoding = (layout: Layout): string => {
  const { bases: K, perBase: V, perClass: U, compensators, classes: C, plain, stored, image } = layout;
  const small = sameSize(stored, image)
    ? ""
    : `, brought from ${stored.height}x${stored.width} to ${image.height}x${image.width} by decode.onnx`;
  const base = `Training image (k, c), in row k ${C} + c, is base k of ${K} of class c of ${C}${small}.`;
  if (compensators === 0)
    return `${base} Its pixels are normalised as (pixel / 255 - mean) / std${plain ? "" : " before they are decoded"}.`;
  const added =
    U === 0
      ? "compensator (k, v - 1) where v > 0"
      : [
          ...(V === 0 ? [] : [`compensator k ${V} + v - 1 where v = 1..${V}, which all classes share`]),
          `compensator ${K * V} + (v - ${V + 1}) ${C} + c where v > ${V}, which all bases of class c share`,
        ].join(", or ");
  return (
    `Training image (v, k, c), v = 0..${V + U}, in row (v ${K} + k) ${C} + c, is base k of ${K} of class c of ${C}${small}, its pixels normalised as ` +
    `(pixel / 255 - mean) / std, plus ${added}, added to that and cut off at black and white, (0 - mean) / std and (1 - mean) / std of each channel.`
  );
};
