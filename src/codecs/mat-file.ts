// A reader of tables in MATLAB files.
import { inflateSync } from "node:zlib";
import { reasonOf } from "../support/files.ts";

/**
 * The content of a MATLAB file's variable, as far as tables need it: numbers, a text, or a structure array's rows, by field.
 * `undefined` for anything else.
 */
export type MatValue = readonly number[] | string | readonly Readonly<Record<string, MatValue>>[] | undefined;

/** Bytes that a file may have, and once more what is compressed in it; the devkit's table takes 1 MB. */
export const mostMatBytes = 8 * 2 ** 20;

/** Far above what tables need: theirs is one variable, a structure of plain values. */
const most = { variables: 1000, depth: 16 } as const;

/** Types of data elements, and classes of arrays, in the format's own numbers. */
const [matrix, compressed] = [14, 15];
const [structure, text] = [2, 4];
const numeric = { first: 6, last: 15 } as const;

/** Bytes of the shortest element. */
const leastElement = 8;

interface Element {
  readonly type: number;
  readonly data: Buffer;
  /** Offset of the next one. */
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

const textOf = ({ type, data }: Element): string =>
  data.toString(type === 16 ? "utf8" : type === 4 || type === 17 ? "utf16le" : "latin1");

interface Variable {
  readonly name: string;
  readonly value: MatValue;
}

/** The product of an array's sides. */
const countOf = (sides: readonly number[]): number => {
  if (sides.some((side) => !Number.isInteger(side) || side < 0))
    throw new RangeError(`an array of ${sides.join(" x ")}`);
  return sides.reduce((product, side) => product * side, 1);
};

/** The names of a structure's fields, `length` bytes each. */
const fieldsOf = (length: number | undefined, names: string): string[] => {
  if (length === undefined || !Number.isInteger(length) || length < 1) {
    throw new RangeError(`names of fields of ${length} bytes`);
  }
  return Array.from({ length: Math.floor(names.length / length) }, (_, i) =>
    names.slice(i * length, (i + 1) * length).replace(/\0.*$/s, ""),
  );
};

/** An array: flags, dimensions, name, and what its class has; of no bytes, an empty one. */
const variableOf = (bytes: Buffer, depth: number): Variable => {
  if (depth > most.depth) throw new RangeError(`structures in more than ${most.depth} others`);
  if (bytes.length === 0) return { name: "", value: [] };
  let at = 0;
  const next = (): Element => {
    const element = elementAt(bytes, at);
    at = element.end;
    return element;
  };
  const kind = numbersOf(next())[0]! & 0xff;
  const count = countOf(numbersOf(next()));
  const name = next().data.toString("latin1");
  if (kind === text) return { name, value: textOf(next()) };
  if (kind >= numeric.first && kind <= numeric.last) return { name, value: numbersOf(next()) };
  if (kind !== structure) return { name, value: undefined };
  const fields = fieldsOf(numbersOf(next())[0], next().data.toString("latin1"));
  // Rows of nothing take no bytes, however many there are said to be.
  if (fields.length === 0) return { name, value: undefined };
  if (count * fields.length * leastElement > bytes.length - at) {
    throw new RangeError(`a structure of ${count} rows of ${fields.length} fields in ${bytes.length - at} bytes`);
  }
  const row = (): Record<string, MatValue> =>
    Object.fromEntries(fields.map((field) => [field, variableOf(next().data, depth + 1).value]));
  return { name, value: Array.from({ length: count }, row) };
};

const inflate = (data: Buffer, limit: number): Buffer => {
  try {
    return inflateSync(data, { maxOutputLength: Math.max(1, limit) });
  } catch (cause) {
    const tooMuch = `its variables inflate to more than ${mostMatBytes} bytes`;
    throw new RangeError(cause instanceof RangeError ? tooMuch : `damaged data, ${reasonOf(cause)}`, { cause });
  }
};

/**
 * The variables of a MATLAB file of version 5 to 7, by name (MathWorks, "MAT-File Format").
 * @throws RangeError where it is damaged, too large or something else.
 */
export const readMatFile = (bytes: Buffer): ReadonlyMap<string, MatValue> => {
  const header = 128;
  if (bytes.length > mostMatBytes) throw new RangeError(`it has ${bytes.length} bytes, more than ${mostMatBytes}`);
  if (bytes.toString("latin1", 126, header) !== "IM")
    throw new RangeError("not a little-endian MATLAB file of version 5");
  const variables = new Map<string, MatValue>();
  let inflated = 0;
  let found = 0;
  const contentOf = (outer: Element): Element => {
    if (outer.type !== compressed) return outer;
    const content = inflate(outer.data, mostMatBytes - inflated);
    inflated += content.length;
    return elementAt(content, 0);
  };
  for (let at = header; at < bytes.length; ) {
    const outer = elementAt(bytes, at);
    at = outer.end;
    if (++found > most.variables) throw new RangeError(`it has more than ${most.variables} variables`);
    const { type, data } = contentOf(outer);
    if (type !== matrix) continue;
    const { name, value } = variableOf(data, 0);
    variables.set(name, value);
  }
  return variables;
};
