// The files of a set from its arrays.
import { encodeSheet } from "../codecs/png-sheet.ts";
import { encodeSafetensors } from "../codecs/safetensors.ts";
import { type FileTensors, notFinite } from "../codecs/tensor-layout.ts";
import { type Axes, compensatorAxes, labelAxes, withAxes } from "./axes.ts";
import { packCompensators } from "./compensator-codec.ts";
import { decoderOf } from "./decoder.ts";
import { layoutOf } from "./layout.ts";
import { expectedParts } from "./manifest/manifest.ts";
import { type SetArrays, shapesOf, sheetAt } from "./parts.ts";
import type { Part, Unlisted } from "./set.ts";

/** Tensors as a file; undefined when one holds a value that is not finite. */
const encodeTensors = (
  tensors: FileTensors,
  axes: Axes,
  metadata?: Readonly<Record<string, string>>,
): Uint8Array | undefined =>
  notFinite(tensors) === undefined ? encodeSafetensors(withAxes(tensors, axes), metadata) : undefined;

/**
 * The files of a set in the order of expectedParts: path and bytes, one at a time so that only one is in memory.
 * Bytes are undefined for a file that would hold a value that is not finite as its type.
 */
export async function* encodeParts(
  manifest: Unlisted,
  arrays: SetArrays,
): AsyncGenerator<{ readonly path: string; readonly holds: Part["holds"]; readonly bytes: Uint8Array | undefined }> {
  const layout = layoutOf(manifest);
  const { compensators: shape } = shapesOf(manifest);
  const { dtype } = manifest.compensators;
  const { decoding, unnamedAxes } = manifest;
  const encode: Record<Part["holds"], (k: number) => Promise<Uint8Array | undefined>> = {
    bases: (k) => {
      const { tiles, from, to } = sheetAt(manifest, k);
      return encodeSheet(arrays.bases.subarray(from, to), tiles, layout.stored);
    },
    compensators: async () =>
      encodeTensors(
        dtype === "none" ? {} : packCompensators(dtype, arrays.compensators, shape),
        compensatorAxes(layout, unnamedAxes),
        unnamedAxes ? undefined : { decoding },
      ),
    labels: async () => encodeTensors(arrays.labels, labelAxes(layout, unnamedAxes)),
    decoder: async () => decoderOf(layout, decoding),
  };
  for (const [k, [path, holds]] of [...expectedParts(manifest)].entries()) {
    const bytes = await encode[holds](k);
    yield { path, holds, bytes };
  }
}
