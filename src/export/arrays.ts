// The arrays of an export as plain values, for formats that hold no image files.
import type { ExportSource } from "./source.ts";

/** An array of numbers: its type, shape and bytes, batch by batch. */
export interface ExportArray {
  readonly name: "images" | "labels" | "logits";
  readonly dtype: "F32" | "I64";
  readonly shape: readonly number[];
  readonly pieces: () => AsyncIterable<Uint8Array>;
}

/** Rows whose labels and logits are made at a time. */
const batch = 1024;

const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array | BigInt64Array): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);

async function* piecewise(length: number, rows: (from: number, to: number) => Uint8Array): AsyncGenerator<Uint8Array> {
  for (let from = 0; from < length; from += batch) yield rows(from, Math.min(from + batch, length));
}

/** Images [N, 3, H, W], normalised and exact; labels [N]; and, where the set has such, logits [N, C] as stored. */
export const arraysOf = (source: ExportSource): readonly ExportArray[] => {
  const { manifest, length, hasLogits, labels } = source;
  const { height, width } = manifest.image;
  return [
    {
      name: "images",
      dtype: "F32",
      shape: [length, 3, height, width],
      pieces: async function* () {
        for await (const floats of source.floats()) yield bytesOf(floats);
      },
    },
    {
      name: "labels",
      dtype: "I64",
      shape: [length],
      pieces: () => piecewise(length, (from, to) => bytesOf(BigInt64Array.from(labels.subarray(from, to), BigInt))),
    },
    ...(hasLogits
      ? [
          {
            name: "logits",
            dtype: "F32",
            shape: [length, manifest.classes.length],
            pieces: () => piecewise(length, (from, to) => bytesOf(source.logits(from, to))),
          } as const,
        ]
      : []),
  ];
};
