import { decodeSheet, encodeSheet } from "./contact-sheet.ts";
import type { DistilledSet, Manifest, Part } from "./distilled-set.ts";
import { decodeFloat16, encodeFloat16 } from "./float16.ts";
import { compensatorsName, counts, expectedParts, labelsName } from "./manifest.ts";
import { decodeSafetensors, encodeSafetensors } from "./safetensors.ts";

/** The three arrays of a set. */
export type SetArrays = Pick<DistilledSet, "bases" | "compensators" | "labels">;

/** Shapes of the arrays, as the manifest promises them. */
export const shapesOf = (
  manifest: Omit<Manifest, "parts">,
): { readonly [holds in keyof SetArrays]: readonly number[] } => {
  const { bases, teachers, classes } = counts(manifest);
  const { height, width } = manifest.image;
  return {
    bases: [bases, classes, 3, height, width],
    compensators: [bases, teachers, 3, height, width],
    labels: [(teachers + 1) * bases * classes, classes],
  };
};

const volume = (shape: readonly number[]): number => shape.reduce((n, side) => n * side, 1);

/** Zeros in the shapes of the manifest, to be filled by decodePart. */
export const emptyArrays = (manifest: Manifest): SetArrays => {
  const shapes = shapesOf(manifest);
  return {
    bases: new Uint8Array(volume(shapes.bases)),
    compensators: new Float32Array(volume(shapes.compensators)),
    labels: new Float32Array(volume(shapes.labels)),
  };
};

/** What does not fit between arrays and manifest, or undefined. */
export const misfit = (manifest: Omit<Manifest, "parts">, arrays: SetArrays): string | undefined => {
  const shapes = shapesOf(manifest);
  for (const name of ["bases", "compensators", "labels"] as const) {
    if (arrays[name].length !== volume(shapes[name])) {
      return `${name} has ${arrays[name].length} values, expected ${volume(shapes[name])} for [${shapes[name].join(",")}]`;
    }
  }
  return undefined;
};

/** One half-float tensor as a file; undefined when a value is not finite as a half (NaN, infinite, or beyond 65504). */
const encodeHalves = (key: string, shape: readonly number[], values: Float32Array): Uint8Array | undefined => {
  const data = encodeFloat16(values);
  // All exponent bits set: infinity or NaN.
  if (data.some((half) => (half & 0x7c00) === 0x7c00)) return undefined;
  return encodeSafetensors({ [key]: { dtype: "F16", shape, data } });
};

/**
 * The files of a set in the order of expectedParts: path and bytes, one at a time so that only one is in memory.
 * Bytes are undefined for a tensor with a value that a half cannot hold.
 */
export async function* encodeParts(
  manifest: Omit<Manifest, "parts">,
  arrays: SetArrays,
): AsyncGenerator<{ readonly path: string; readonly holds: Part["holds"]; readonly bytes: Uint8Array | undefined }> {
  const shapes = shapesOf(manifest);
  const { bases, classes } = counts(manifest);
  const sheet = volume(shapes.bases) / bases;
  for (const [k, [path, holds]] of [...expectedParts(manifest)].entries()) {
    const bytes =
      holds === "bases"
        ? await encodeSheet(arrays.bases.subarray(k * sheet, (k + 1) * sheet), classes, manifest.image)
        : holds === "compensators"
          ? encodeHalves("compensators", shapes.compensators, arrays.compensators)
          : encodeHalves("logits", shapes.labels, arrays.labels);
    yield { path, holds, bytes };
  }
}

const decodeHalves = (bytes: Uint8Array, path: string, key: string, shape: readonly number[]): Float32Array => {
  const { tensors } = decodeSafetensors(bytes, path);
  const tensor = tensors[key];
  if (tensor === undefined || Object.keys(tensors).length !== 1) {
    throw new Error(`it holds the tensors [${Object.keys(tensors).join(", ")}], expected only "${key}"`);
  }
  if (tensor.dtype !== "F16" || tensor.shape.join() !== shape.join()) {
    throw new Error(
      `its tensor "${key}" is ${tensor.dtype} [${tensor.shape.join(",")}], expected F16 [${shape.join(",")}]`,
    );
  }
  const values = decodeFloat16(tensor.data);
  if (!values.every(Number.isFinite)) throw new Error(`its tensor "${key}" holds NaN or infinite values`);
  return values;
};

/**
 * Decodes the file `path` of a set; puts it into its place when `arrays` are given, else only checks it.
 * @throws Error saying what does not fit the manifest; to be wrapped by the caller, who knows the folder.
 */
export const decodePart = async (
  manifest: Manifest,
  path: string,
  bytes: Uint8Array,
  arrays?: SetArrays,
): Promise<void> => {
  const shapes = shapesOf(manifest);
  if (path === compensatorsName) {
    const values = decodeHalves(bytes, path, "compensators", shapes.compensators);
    arrays?.compensators.set(values);
  } else if (path === labelsName) {
    const values = decodeHalves(bytes, path, "logits", shapes.labels);
    arrays?.labels.set(values);
  } else {
    const pixels = await decodeSheet(bytes, manifest.classes.length, manifest.image);
    const k = [...expectedParts(manifest).keys()].indexOf(path);
    arrays?.bases.set(pixels, k * pixels.length);
  }
};
