import { inflateSync } from "node:zlib";

/**
 * What a variable of a MATLAB file holds, as far as tables need it: numbers, a text, or the rows of a structure array, by field.
 * `undefined` for anything else.
 */
export type MatValue = readonly number[] | string | readonly Readonly<Record<string, MatValue>>[] | undefined;

/** Types of data elements, and classes of arrays, in the format's own numbers. */
const [matrix, compressed] = [14, 15];
const [structure, text] = [2, 4];
const numeric = { first: 6, last: 15 } as const;

interface Element {
  readonly type: number;
  readonly data: Buffer;
  /** Where the next one starts. */
  readonly end: number;
}

/** A data element: type and size in 8 bytes, or in 4 with up to 4 bytes of data behind them; padded to 8 bytes. */
const elementAt = (bytes: Buffer, at: number): Element => {
  const first = bytes.readUInt32LE(at);
  const small = first >>> 16;
  if (small > 0) {
    if (small > 4) throw new RangeError(`an element of ${small} bytes at ${at}`);
    return { type: first & 0xffff, data: bytes.subarray(at + 4, at + 4 + small), end: at + 8 };
  }
  const size = bytes.readUInt32LE(at + 4);
  if (at + 8 + size > bytes.length) throw new RangeError(`an element of ${size} bytes at ${at}`);
  const padded = first === compressed ? size : Math.ceil(size / 8) * 8;
  return { type: first, data: bytes.subarray(at + 8, at + 8 + size), end: at + 8 + padded };
};

/** Numbers are stored in whatever type is short enough, whatever the array's class. */
const readers: Readonly<Record<number, { readonly size: number; readonly read: (b: Buffer, at: number) => number }>> = {
  1: { size: 1, read: (b, at) => b.readInt8(at) },
  2: { size: 1, read: (b, at) => b.readUInt8(at) },
  3: { size: 2, read: (b, at) => b.readInt16LE(at) },
  4: { size: 2, read: (b, at) => b.readUInt16LE(at) },
  5: { size: 4, read: (b, at) => b.readInt32LE(at) },
  6: { size: 4, read: (b, at) => b.readUInt32LE(at) },
  7: { size: 4, read: (b, at) => b.readFloatLE(at) },
  9: { size: 8, read: (b, at) => b.readDoubleLE(at) },
  16: { size: 1, read: (b, at) => b.readUInt8(at) },
  17: { size: 2, read: (b, at) => b.readUInt16LE(at) },
};

const numbersOf = ({ type, data }: Element): number[] => {
  const reader = readers[type];
  if (reader === undefined) return [];
  return Array.from({ length: Math.floor(data.length / reader.size) }, (_, i) => reader.read(data, i * reader.size));
};

interface Variable {
  readonly name: string;
  readonly value: MatValue;
}

/** An array: flags, dimensions, name, and what its class has. */
const variableOf = (bytes: Buffer): Variable => {
  let at = 0;
  const next = (): Element => {
    const element = elementAt(bytes, at);
    at = element.end;
    return element;
  };
  const kind = numbersOf(next())[0]! & 0xff;
  const count = numbersOf(next()).reduce((n, side) => n * side, 1);
  const name = next().data.toString("latin1");
  if (kind === text) return { name, value: String.fromCharCode(...numbersOf(next())) };
  if (kind >= numeric.first && kind <= numeric.last) return { name, value: numbersOf(next()) };
  if (kind !== structure) return { name, value: undefined };
  const length = numbersOf(next())[0]!;
  const names = next().data.toString("latin1");
  const fields = Array.from({ length: Math.floor(names.length / length) }, (_, i) =>
    names.slice(i * length, (i + 1) * length).replace(/\0.*$/s, ""),
  );
  const rows: Record<string, MatValue>[] = [];
  // A damaged count must not make rows of nothing.
  for (let row = 0; row < count && at < bytes.length; row++) {
    rows.push(Object.fromEntries(fields.map((field) => [field, variableOf(next().data).value])));
  }
  return { name, value: rows };
};

/**
 * The variables of a MATLAB file of version 5 to 7, by name (MathWorks, "MAT-File Format").
 * @throws RangeError or zlib's error where it is damaged or something else.
 */
export const readMatFile = (bytes: Buffer): ReadonlyMap<string, MatValue> => {
  const header = 128;
  if (bytes.toString("latin1", 126, header) !== "IM")
    throw new RangeError("not a little-endian MATLAB file of version 5");
  const variables = new Map<string, MatValue>();
  for (let at = header; at < bytes.length; ) {
    const outer = elementAt(bytes, at);
    at = outer.end;
    const { type, data } = outer.type === compressed ? elementAt(inflateSync(outer.data), 0) : outer;
    if (type !== matrix) continue;
    const { name, value } = variableOf(data);
    variables.set(name, value);
  }
  return variables;
};
