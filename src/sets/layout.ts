// The tensors of a set, and the rule by which a training image is made of them.
import {
  add,
  float32,
  gather,
  int64,
  padAxis,
  quotient,
  remainder,
  reshape,
  simplify,
  type TensorType,
  type Traced,
  trace,
  transpose,
  type Value,
} from "../autodiff/index.ts";
import { clipPixels } from "../data/augment/clip.ts";
import type { Size } from "../data/augment/resized-crop.ts";
import type { Normalisation } from "../data/dataset.ts";
import type { Named } from "../nn/layers.ts";
import { encodeModel } from "../onnx/encode.ts";
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
 * K base sets of one image a class, C classes, and V >= 0 compensators for each base set. Training image (v, k, c), v = 0..V,
 * is base k of class c, with compensator (k, v - 1) added when v > 0; its row is (v K + k) C + c, and so its class is the
 * row's remainder by C.
 */
export interface Layout {
  /** The parametrisation of its bases. */
  readonly kind: string;
  /** K, V, C. */
  readonly bases: number;
  readonly compensators: number;
  readonly classes: number;
  /** (V+1) K C, the distinct training images, each with a row of labels. */
  readonly labelled: number;
  readonly image: Size;
  /** Size of a stored base. */
  readonly stored: Size;
  /** Base sets that one contact sheet holds, which takes the pixels of one image a class. */
  readonly perSheet: number;
  /** The base image of a row, k C + c. */
  base(row: number): number;
  /** The compensator of a row, k V + v - 1; -1 where nothing is added. */
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
  const { bases: K } = budget;
  const [V, C] = [budget.compensators / K, classes.length];
  const { perImage, stored, decode } = parametrisation;
  return {
    kind: storage.kind,
    bases: K,
    compensators: V,
    classes: C,
    labelled: (V + 1) * K * C,
    image,
    stored: stored(image),
    perSheet: perImage,
    base: (row) => row % (K * C),
    compensator: (row) => {
      const [v, k] = [Math.floor(row / (K * C)), Math.floor(row / C) % K];
      return V === 0 || v === 0 ? -1 : k * V + v - 1;
    },
    plain: V === 0 && perImage === 1,
    decode: ({ bases, compensators }) => {
      const images = decode(bases, image);
      return compensators === undefined ? images : clipPixels(add(images, compensators), normalisation);
    },
  };
};

export const sameSize = (a: Size, b: Size): boolean => a.height === b.height && a.width === b.width;

/** Says in words how training images are rebuilt. */
export const describeDecoding = ({ bases, compensators, classes, plain, stored, image }: Layout): string => {
  const [K, V, C] = [bases, compensators, classes];
  const small = sameSize(stored, image)
    ? ""
    : `, brought from ${stored.height}x${stored.width} to ${image.height}x${image.width} by decode.onnx`;
  const base = `Training image (k, c), in row k ${C} + c, is base k of ${K} of class c of ${C}${small}.`;
  if (V === 0)
    return `${base} Its pixels are normalised as (pixel / 255 - mean) / std${plain ? "" : " before they are decoded"}.`;
  return (
    `Training image (v, k, c), v = 0..${V}, in row (v ${K} + k) ${C} + c, is base k of ${K} of class c of ${C}${small}, its pixels normalised as ` +
    `(pixel / 255 - mean) / std, plus compensator (k, v - 1) where v > 0, cut off at black and white.`
  );
};

/** Types of n stored bases and, where the set has such, n compensators. */
export const itemTypes = ({ stored, image, compensators }: Layout, n: number): Record<string, TensorType> => ({
  bases: float32(n, 3, stored.height, stored.width),
  ...(compensators > 0 && { compensators: float32(n, 3, image.height, image.width) }),
});

/** Images of n rows from the bases and compensators of each. */
export const traceDecode = (layout: Layout, n: number) =>
  trace(itemTypes(layout, n), ({ bases, compensators }) => ({
    images: layout.decode({ bases: bases!, ...(compensators && { compensators }) }),
  }));

/**
 * Images [n, 3, H, W] of n rows from all that a set stores: bases [K C, 3, h, w] and compensators [K V, 3, H, W], normalised.
 * This is the graph of a set's decode.onnx.
 */
export const traceDecoder = (layout: Layout, n: number): Traced<Record<string, TensorType>, { images: TensorType }> => {
  const { bases: K, compensators: V, classes: C, stored, image } = layout;
  const inputs = {
    bases: float32(K * C, 3, stored.height, stored.width),
    ...(V > 0 && { compensators: float32(K * V, 3, image.height, image.width) }),
    rows: int64(n),
  };
  return trace(inputs, (given: Named<Value>) => {
    const rows = given.rows!;
    const bases = gather(given.bases!, remainder(rows, K * C), 0);
    if (V === 0) return { images: layout.decode({ bases }) };
    // Nothing is added in the first K C rows: zeros come before all compensators. Row (v K + k) C + c has the one at v K + k.
    const plane = [3, image.height, image.width];
    const byTurn = transpose(reshape(given.compensators!, [K, V, ...plane]), [1, 0, 2, 3, 4]);
    const withNone = padAxis(reshape(byTurn, [V * K, ...plane]), 0, K, 0);
    const compensators = gather(withNone, quotient(rows, C), 0);
    return { images: layout.decode({ bases, compensators }) };
  });
};

/** Rows that a decoder takes at once: a divisor of all rows, so that none is left over. */
const rowsAtOnce = ({ labelled }: Layout): number =>
  Array.from({ length: Math.min(128, labelled) }, (_, i) => i + 1).findLast((n) => labelled % n === 0)!;

/**
 * decode.onnx: `images` of `rows` [n], for the n that the file asks for, from all `bases` [K C, 3, h, w], normalised, and all
 * `compensators` [K V, 3, H, W]; standard operators, so that any ONNX runtime rebuilds the images.
 */
export const decoderOf = (layout: Layout): Uint8Array => {
  const { graph, inputs } = traceDecoder(layout, rowsAtOnce(layout));
  return encodeModel(simplify(graph), {
    inputs: Object.keys(inputs),
    outputs: ["images"],
    metadata: { decoding: describeDecoding(layout) },
  }).bytes;
};
