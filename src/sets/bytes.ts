import type { Manifest } from "./set.ts";

/** Bytes of a set's files by what they hold. */
export interface SetBytes {
  readonly bases: number;
  readonly compensators: number;
  readonly labels: number;
  readonly manifest: number;
  readonly total: number;
}

/** What each part of a set weighs; `manifestBytes` is the size of manifest.json, which cannot list itself. */
export const setBytes = (manifest: Pick<Manifest, "parts">, manifestBytes: number): SetBytes => {
  const bytes = { bases: 0, compensators: 0, labels: 0 };
  for (const part of Object.values(manifest.parts)) bytes[part.holds] += part.bytes;
  return {
    ...bytes,
    manifest: manifestBytes,
    total: bytes.bases + bytes.compensators + bytes.labels + manifestBytes,
  };
};
