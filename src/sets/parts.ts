// The files of a set, as the manifest promises them, and their arrays decoded.
import { sizeOf } from "../autodiff/index.ts";
import { decodeSheet } from "../codecs/read-sheet.ts";
import { decodeSafetensors, type Layout, safetensorsBytes } from "../codecs/safetensors.ts";
import { type FileTensors, layoutMisfit, notFinite } from "../codecs/tensor-layout.ts";
import { type Axes, compensatorAxes, labelAxes, withAxes, withoutAxes } from "./axes.ts";
import { type CompensatorDtype, compensatorLayout, unpackCompensators } from "./compensator-codec.ts";
import { labelLayout } from "./labels/choose.ts";
import { labelProblem } from "./labels/encoding.ts";
import { compensatorShape, describeDecoding, layoutOf, type Layout as SetLayout } from "./layout.ts";
import { compensatorsName, decoderName, expectedParts, labelsName } from "./manifest/manifest.ts";
import type { DistilledSet, Manifest, Unlisted } from "./set.ts";

/** The arrays that a set holds besides its manifest. */
export type SetArrays = Pick<DistilledSet, "bases" | "compensators" | "labels">;

/** The same while it is read. */
export type SetDraft = { -readonly [holds in keyof SetArrays]: SetArrays[holds] };

/** Shapes of the arrays, as the manifest promises them. */
export const shapesOf = (
  manifest: Unlisted,
): { readonly bases: readonly number[]; readonly compensators: readonly number[] } => {
  const layout = layoutOf(manifest);
  const { bases, classes, stored } = layout;
  return { bases: [bases, classes, 3, stored.height, stored.width], compensators: compensatorShape(layout) };
};

const labelsLayout = (manifest: Unlisted): Layout => {
  const { labelled, classes } = layoutOf(manifest);
  return labelLayout(manifest.labels, labelled, classes);
};

/** Says what is wrong with labels, as "it ..." or "its ..."; undefined when they are as the manifest says. */
const labelsMisfit = (manifest: Unlisted, labels: FileTensors): string | undefined =>
  layoutMisfit(labels, labelsLayout(manifest)) ?? labelProblem(manifest.labels, labels, manifest.classes.length);

/** A set without content, to be filled by decodePart. */
export const emptyDraft = (manifest: Manifest): SetDraft => ({
  bases: new Uint8Array(sizeOf(shapesOf(manifest).bases)),
  compensators: new Float32Array(0),
  labels: {},
});

/** Says how arrays differ from the manifest; undefined where they fit. */
export const misfit = (manifest: Unlisted, arrays: SetArrays): string | undefined => {
  const shapes = shapesOf(manifest);
  for (const name of ["bases", "compensators"] as const) {
    if (arrays[name].length !== sizeOf(shapes[name])) {
      return `${name} has ${arrays[name].length} values, expected ${sizeOf(shapes[name])} for [${shapes[name].join(",")}]`;
    }
  }
  const labels = labelsMisfit(manifest, arrays.labels);
  return labels === undefined ? undefined : `labels: ${labels}`;
};

/** Bytes of the compensators' file of a set to be made, exactly: it says too by which rule they are used. */
export const compensatorBytes = (dtype: CompensatorDtype, layout: SetLayout): number =>
  safetensorsBytes(withAxes(compensatorLayout(dtype, compensatorShape(layout)), compensatorAxes(layout)), {
    decoding: describeDecoding(layout),
  });

/** Images on the k-th sheet, and where they lie among all pixels of bases. */
export const sheetAt = (manifest: Unlisted, k: number): { tiles: number; from: number; to: number } => {
  const { bases, classes, perSheet, stored } = layoutOf(manifest);
  const tiles = Math.min(perSheet, bases - k * perSheet) * classes;
  const from = k * perSheet * classes * 3 * stored.height * stored.width;
  return { tiles, from, to: from + tiles * 3 * stored.height * stored.width };
};

/** Tensors of a file, which has them along `axes`, in the given layout and with values that are finite. */
const decodeTensors = (bytes: Uint8Array, path: string, layout: Layout, axes: Axes): FileTensors => {
  const { tensors: found } = decodeSafetensors(bytes, path);
  const problem = layoutMisfit(found, withAxes(layout, axes));
  if (problem !== undefined) throw new Error(problem);
  const tensors: FileTensors = withoutAxes(found, axes);
  const bad = notFinite(tensors);
  if (bad !== undefined) throw new Error(`its tensor "${bad}" holds NaN or infinite values`);
  return tensors;
};

/**
 * Decodes the file `path` of a set; puts it into its place when a `draft` is given, else only checks it.
 * @throws Error saying what does not fit the manifest; to be wrapped by the caller, who knows the folder.
 */
export const decodePart = async (
  manifest: Manifest,
  path: string,
  bytes: Uint8Array,
  draft?: SetDraft,
): Promise<void> => {
  const { dtype } = manifest.compensators;
  const { unnamedAxes } = manifest;
  const layout = layoutOf(manifest);
  if (path === compensatorsName && dtype !== "none") {
    const shape = compensatorShape(layout);
    const tensors = decodeTensors(bytes, path, compensatorLayout(dtype, shape), compensatorAxes(layout, unnamedAxes));
    if (draft !== undefined) draft.compensators = unpackCompensators(dtype, tensors, shape);
  } else if (path === labelsName) {
    const tensors = decodeTensors(bytes, path, labelsLayout(manifest), labelAxes(layout, unnamedAxes));
    const problem = labelProblem(manifest.labels, tensors, layout.classes);
    if (problem !== undefined) throw new Error(problem);
    if (draft !== undefined) draft.labels = tensors;
  } else if (path !== decoderName) {
    const { tiles, from } = sheetAt(manifest, [...expectedParts(manifest).keys()].indexOf(path));
    // Decoded also where nobody takes it: that is its check.
    const pixels = await decodeSheet(bytes, tiles, layout.stored);
    draft?.bases.set(pixels, from);
  }
};
