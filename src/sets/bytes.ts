// Bytes of a set, by the part of it that they hold.
import type { Manifest } from "./set.ts";

/** Bytes of a set's files by what they hold. */
export interface SetBytes {
  readonly bases: number;
  readonly compensators: number;
  readonly labels: number;
  /** With the decoder, decode.onnx, and the card, README.md as it was written. */
  readonly manifest: number;
  readonly total: number;
}

/** Sums the bytes of a set's parts; `manifestBytes` is the size of manifest.json, which cannot list itself. */
export const setBytes = (manifest: Pick<Manifest, "card" | "parts">, manifestBytes: number): SetBytes => {
  const bytes = { bases: 0, compensators: 0, labels: 0, decoder: 0 };
  for (const part of Object.values(manifest.parts)) bytes[part.holds] += part.bytes;
  const { decoder, ...held } = bytes;
  const manifestAndDecoder = manifestBytes + decoder + (manifest.card?.bytes ?? 0);
  return {
    ...held,
    manifest: manifestAndDecoder,
    total: held.bases + held.compensators + held.labels + manifestAndDecoder,
  };
};
