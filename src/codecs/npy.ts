// Arrays in numpy's .npy format: a header, behind which the values follow as they lie in memory.

/** Types of values by numpy's names: little endian, and U for text of so many characters of four bytes. */
export type NpyType = "<f4" | "<f8" | "<i8" | `<U${number}`;

/** The header of an array in C's order: magic number, version 1.0, and a Python dictionary padded to a multiple of 64 bytes. */
export const npyHeader = (type: NpyType, shape: readonly number[]): Uint8Array<ArrayBuffer> => {
  const sides = shape.length === 1 ? `${shape[0]},` : shape.join(", ");
  const text = `{'descr': '${type}', 'fortran_order': False, 'shape': (${sides}), }`;
  const length = Math.ceil((10 + text.length + 1) / 64) * 64;
  const bytes = new Uint8Array(length).fill(0x20);
  bytes.set([0x93, ...Buffer.from("NUMPY", "latin1"), 1, 0]);
  new DataView(bytes.buffer).setUint16(8, length - 10, true);
  bytes.set(Buffer.from(text, "latin1"), 10);
  bytes[length - 1] = 0x0a;
  return bytes;
};

/** Texts as an array of one dimension, each filled up with zeros to the longest: its type and its bytes. */
export const npyTexts = (texts: readonly string[]): { readonly type: NpyType; readonly bytes: Uint8Array } => {
  const points = texts.map((text) => Array.from(text, (character) => character.codePointAt(0)!));
  const longest = Math.max(1, ...points.map(({ length }) => length));
  const values = new Uint32Array(texts.length * longest);
  points.forEach((characters, i) => {
    values.set(characters, i * longest);
  });
  return { type: `<U${longest}`, bytes: new Uint8Array(values.buffer) };
};
