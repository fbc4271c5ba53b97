// A reader and writer of safetensors files.
import { z } from "zod";
import { DistilleryError, reasonOf } from "../support/errors.ts";
import { isObject, parseJson } from "../support/json.ts";
import { mistakenFor } from "../support/mistaken-for.ts";
import { shown } from "../support/schema.ts";
import { binaryText } from "../support/text.ts";

/** A tensor of a safetensors file. F16 data are half bit patterns (see float16.ts). */
export type SafeTensor =
  | { readonly dtype: "F32"; readonly shape: readonly number[]; readonly data: Float32Array }
  | { readonly dtype: "F16"; readonly shape: readonly number[]; readonly data: Uint16Array }
  | { readonly dtype: "U8"; readonly shape: readonly number[]; readonly data: Uint8Array }
  | { readonly dtype: "I8"; readonly shape: readonly number[]; readonly data: Int8Array }
  | { readonly dtype: "U16"; readonly shape: readonly number[]; readonly data: Uint16Array }
  | { readonly dtype: "I64"; readonly shape: readonly number[]; readonly data: BigInt64Array };

export interface SafeTensors {
  readonly tensors: Readonly<Record<string, SafeTensor>>;
  readonly metadata: Readonly<Record<string, string>>;
}

/** Types and shapes of a file's tensors, by name. */
export type Layout = Readonly<Record<string, Pick<SafeTensor, "dtype" | "shape">>>;

const dtypes = ["F32", "F16", "U8", "I8", "U16", "I64"] as const;
/** The format's other types. */
const unread: readonly unknown[] = ["BOOL", "I16", "I32", "U32", "U64", "BF16", "F64", "F8_E4M3", "F8_E5M2"];
const elementBytes = { F32: 4, F16: 2, U8: 1, I8: 1, U16: 2, I64: 8 } as const;
const metadataKey = "__metadata__";
/** The limit that the format's own readers keep. */
const longestHeader = 100_000_000;

const count = (shape: readonly number[]): number => shape.reduce((n, side) => n * side, 1);

type Metadata = Readonly<Record<string, string>>;

/** Tensors in their order in a file: wider types first, so that each lies at a multiple of its width, then by name. */
const inOrder = (layout: Layout): string[] =>
  Object.keys(layout)
    .sort()
    .sort((a, b) => elementBytes[layout[b]!.dtype] - elementBytes[layout[a]!.dtype]);

/** The JSON header of a file, where its tensors start (header padded to a multiple of 8) and how many bytes they take. */
const headerOf = (layout: Layout, metadata?: Metadata): { text: Uint8Array; start: number; body: number } => {
  const header: [string, unknown][] = [];
  if (metadata !== undefined) {
    header.push([metadataKey, Object.fromEntries(Object.entries(metadata).sort(([a], [b]) => (a < b ? -1 : 1)))]);
  }
  let body = 0;
  for (const name of inOrder(layout)) {
    const { dtype, shape } = layout[name]!;
    const begin = body;
    body += count(shape) * elementBytes[dtype];
    header.push([name, { dtype, shape, data_offsets: [begin, body] }]);
  }
  const text = new TextEncoder().encode(JSON.stringify(Object.fromEntries(header)));
  return { text, start: 8 + Math.ceil(text.length / 8) * 8, body };
};

/** Counts the bytes that encodeSafetensors makes of tensors of this layout. */
export const safetensorsBytes = (layout: Layout, metadata?: Metadata): number => {
  const { start, body } = headerOf(layout, metadata);
  return start + body;
};

/** The bytes of a file before its tensors, and the order in which these follow, for files that are written piece by piece. */
export const safetensorsHeader = (
  layout: Layout,
  metadata?: Metadata,
): { readonly header: Uint8Array<ArrayBuffer>; readonly order: readonly string[] } => {
  const { text, start } = headerOf(layout, metadata);
  const header = new Uint8Array(start).fill(0x20);
  new DataView(header.buffer).setBigUint64(0, BigInt(start - 8), true);
  header.set(text, 8);
  return { header, order: inOrder(layout) };
};

/**
 * The bytes of a safetensors file: 8 bytes header length (little endian), JSON header padded with spaces to a multiple
 * of 8, tensors one after the other, wider types first and then by name. Equal content gives equal bytes.
 */
export const encodeSafetensors = (
  tensors: Readonly<Record<string, SafeTensor>>,
  metadata?: Metadata,
): Uint8Array<ArrayBuffer> => {
  for (const [name, { shape, data }] of Object.entries(tensors)) {
    if (name === metadataKey || count(shape) !== data.length) {
      throw new DistilleryError(
        "SHAPE",
        `safetensors: tensor "${name}" has shape [${shape.join(",")}] but ${data.length} values; expected ${count(shape)} values and a name other than "${metadataKey}"`,
      );
    }
  }
  const { header, order } = safetensorsHeader(tensors, metadata);
  const bytes = new Uint8Array(safetensorsBytes(tensors, metadata));
  bytes.set(header);
  let at = header.length;
  for (const name of order) {
    const { data } = tensors[name]!;
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  return bytes;
};

const size = z.int().min(0);
const entrySchema = z.strictObject({
  dtype: z.enum(dtypes),
  shape: z.array(size),
  data_offsets: z.tuple([size, size]),
});
const metadataSchema = z.record(z.string(), z.string());
type Entry = z.infer<typeof entrySchema>;

/** A typed array of its own over a copy of `raw`, whatever the alignment of `raw` was. */
const tensorOf = ({ dtype, shape }: Entry, raw: Uint8Array): SafeTensor => {
  const { buffer } = new Uint8Array(raw);
  switch (dtype) {
    case "F32":
      return { dtype, shape, data: new Float32Array(buffer) };
    case "F16":
      return { dtype, shape, data: new Uint16Array(buffer) };
    case "U8":
      return { dtype, shape, data: new Uint8Array(buffer) };
    case "I8":
      return { dtype, shape, data: new Int8Array(buffer) };
    case "U16":
      return { dtype, shape, data: new Uint16Array(buffer) };
    case "I64":
      return { dtype, shape, data: new BigInt64Array(buffer) };
  }
};

const parseHeader = (
  text: Uint8Array,
  damaged: (what: string) => DistilleryError,
): Readonly<Record<string, unknown>> => {
  let decoded: string;
  try {
    decoded = new TextDecoder("utf-8", { fatal: true }).decode(text);
  } catch {
    throw damaged("its header is not JSON");
  }
  let value: unknown;
  try {
    value = parseJson(decoded);
  } catch (cause) {
    throw damaged(`its header ${reasonOf(cause)}`);
  }
  if (!isObject(value) || Array.isArray(value)) throw damaged("its header is not an object");
  return value;
};

/** Finds what torch.save writes: a zip archive around a pickle, and long ago a pickle, whose bytes 4 to 7 are no length's. */
const isPickle = (bytes: Uint8Array): boolean =>
  binaryText(bytes.subarray(0, 512)).includes("/data.pkl") ||
  (bytes[0] === 0x80 && bytes[1]! >= 2 && bytes[1]! <= 5 && bytes.subarray(4, 8).some((byte) => byte !== 0));

/** Names what lies in place of a safetensors file, to follow "it is". */
const otherThanTensors = (bytes: Uint8Array): string | undefined =>
  isPickle(bytes)
    ? "a file of torch.save, which is a pickle; write its state_dict with safetensors.torch.save_file"
    : mistakenFor(bytes);

/**
 * Reads a safetensors file from memory; tensors are copies, independent of `bytes`. Everything is checked: header
 * length and JSON, dtypes, sizes, and that the tensors fill the file without gap or overlap.
 * @throws DistilleryError CHECKPOINT naming `nameForErrors` and what is wrong.
 */
export const decodeSafetensors = (bytes: Uint8Array, nameForErrors: string): SafeTensors => {
  const damaged = (what: string): DistilleryError => {
    const other = otherThanTensors(bytes);
    const why = other === undefined ? `${what}; make or fetch the file again` : `it is ${other}`;
    return new DistilleryError("CHECKPOINT", `${nameForErrors}: not a usable safetensors file: ${why}`);
  };
  if (bytes.length < 8) throw damaged(`it has ${bytes.length} bytes, expected at least 8`);
  const headerLength = Number(new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true));
  if (headerLength > Math.min(longestHeader, bytes.length - 8)) {
    throw damaged(`its header should have ${headerLength} bytes, the file has ${bytes.length}`);
  }
  const body = bytes.subarray(8 + headerLength);
  const { [metadataKey]: rawMetadata, ...rawEntries } = parseHeader(bytes.subarray(8, 8 + headerLength), damaged);

  const metadata = metadataSchema.safeParse(rawMetadata ?? {});
  if (!metadata.success) throw damaged("its metadata is not a map from text to text");

  const entries = Object.entries(rawEntries).map(([name, raw]): [string, Entry] => {
    const entry = entrySchema.safeParse(raw);
    if (!entry.success) {
      const dtype = isObject(raw) ? raw.dtype : undefined;
      if (unread.includes(dtype)) {
        throw new DistilleryError(
          "CHECKPOINT",
          `${nameForErrors}: tensor "${name}" is of type ${String(dtype)}, which is not read here (${dtypes.join(", ")} are); convert the file's tensors to F32 and write it again`,
        );
      }
      throw damaged(
        `tensor ${shown(name)} is declared as ${shown(raw)}, expected dtype (one of ${dtypes.join(", ")}), shape and data_offsets`,
      );
    }
    return [name, entry.data];
  });

  let end = 0;
  for (const [name, { dtype, shape, data_offsets: offsets }] of entries.toSorted(
    ([, a], [, b]) => a.data_offsets[0] - b.data_offsets[0] || a.data_offsets[1] - b.data_offsets[1],
  )) {
    const expected = end + count(shape) * elementBytes[dtype];
    if (offsets[0] !== end || offsets[1] !== expected) {
      throw damaged(
        `tensor "${name}" (${dtype} [${shape.join(",")}]) lies at bytes ${offsets[0]}..${offsets[1]}, expected ${end}..${expected}`,
      );
    }
    end = expected;
  }
  if (end !== body.length) throw damaged(`its tensors need ${end} bytes, it holds ${body.length}`);

  return {
    tensors: Object.fromEntries(
      entries.map(([name, entry]) => [name, tensorOf(entry, body.subarray(...entry.data_offsets))]),
    ),
    metadata: metadata.data,
  };
};
