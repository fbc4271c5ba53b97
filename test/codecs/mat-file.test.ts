import { readFileSync } from "node:fs";
import { deflateSync } from "node:zlib";
import fc from "fast-check";
import { expect, test } from "vitest";
import { readMatFile } from "../../src/codecs/mat-file.ts";

const golden = (name: string): Buffer => readFileSync(new URL(`../goldens/${name}`, import.meta.url));

test.each(["meta.mat", "meta-plain.mat"])("a table of structures, as MATLAB and scipy write it: %s", (name) => {
  const rows = readMatFile(golden(name)).get("synsets");
  expect(rows).toHaveLength(4);
  expect(rows![0]).toEqual({
    ILSVRC2012_ID: [1],
    WNID: "n01641577",
    words: "bullfrog, Rana catesbeiana",
    gloss: "largest North American frog",
    num_children: [0],
    children: [],
    wordnet_height: [0],
    num_train_images: [1300],
  });
  expect(rows![3]).toMatchObject({ ILSVRC2012_ID: [1001], WNID: "n00001740", children: [1, 2, 3] });
});

const int32 = (...values: number[]): Buffer => Buffer.from(Int32Array.from(values).buffer);

/** A data element of a type, padded to 8 bytes unless it is compressed. */
const element = (type: number, data: Uint8Array): Buffer => {
  const padding = type === 15 ? 0 : -data.length & 7;
  return Buffer.concat([int32(type, data.length), data, Buffer.alloc(padding)]);
};

const file = (...elements: readonly Buffer[]): Buffer =>
  Buffer.concat([Buffer.alloc(124), Buffer.from([0, 1]), Buffer.from("IM"), ...elements]);

/** A variable named "synsets" of a class; types of elements: 1 int8, 5 int32, 6 uint32, 14 a matrix. */
const variable = (kind: number, sides: readonly number[], ...content: readonly Buffer[]): Buffer =>
  element(
    14,
    Buffer.concat([
      element(6, int32(kind, 0)),
      element(5, int32(...sides)),
      element(1, Buffer.from("synsets")),
      ...content,
    ]),
  );

const [structure, characters, doubles] = [2, 4, 6];
const fields = (length: number, names: string): readonly [Buffer, Buffer] => [
  element(5, int32(length)),
  element(1, Buffer.from(names)),
];

test("a structure without fields takes no time, however many rows it is said to have", () => {
  const value = readMatFile(file(variable(structure, [1, 2 ** 31 - 1], ...fields(32, "")))).get("synsets");
  expect(value).toBeUndefined();
});

const nested = (depth: number): Buffer =>
  depth === 0
    ? Buffer.from(element(14, Buffer.alloc(0)))
    : variable(structure, [1, 1], ...fields(1, "a"), nested(depth - 1));

const zeros = (megabytes: number): Buffer => deflateSync(Buffer.alloc(megabytes * 2 ** 20));

test.each<[string, Buffer]>([
  [
    "a structure of 2147483647 rows of 1 fields in 0 bytes",
    file(variable(structure, [1, 2 ** 31 - 1], ...fields(1, "a"))),
  ],
  ["an array of -1 x 3", file(variable(structure, [-1, 3], ...fields(1, "a")))],
  ["names of fields of 0 bytes", file(variable(structure, [1, 1], ...fields(0, "abc")))],
  ["names of fields of -1 bytes", file(variable(structure, [1, 1], ...fields(-1, "abc")))],
  ["an array of Infinity", file(element(14, Buffer.concat([element(6, int32(2, 0)), element(7, int32(0x7f800000))])))],
  ["structures in more than 16 others", file(nested(18))],
  ["its variables inflate to more than 8388608 bytes", file(element(15, zeros(64)))],
  ["its variables inflate to more than 8388608 bytes", file(...[3, 3, 3].map((size) => element(15, zeros(size))))],
  ["it has more than 1000 variables", file(...Array.from({ length: 1001 }, () => element(1, Buffer.alloc(0))))],
  ["it has 8388609 bytes, more than 8388608", Buffer.alloc(8 * 2 ** 20 + 1)],
])("%s", (message, bytes) => {
  expect(() => readMatFile(bytes)).toThrow(message);
});

test("long texts and empty values are read", () => {
  const long = readMatFile(file(variable(characters, [1, 2 ** 20], element(4, Buffer.alloc(2 ** 21, "a\0"))))).get(
    "synsets",
  );
  expect(long).toBe("a".repeat(2 ** 20));
  expect(readMatFile(file(nested(1))).get("synsets")).toEqual([{ a: [] }]);
  expect(readMatFile(file(variable(doubles, [0, 0], element(9, Buffer.alloc(0))))).get("synsets")).toEqual([]);
});

test("whatever else is given ends with an answer or an error, at once", () => {
  const whole = golden("meta-plain.mat");
  expect(() => readMatFile(Buffer.from("no"))).toThrow("not a little-endian MATLAB file of version 5");
  const end = (damaged: Buffer): void => {
    try {
      readMatFile(damaged);
    } catch (error) {
      expect(error).toBeInstanceOf(RangeError);
      expect((error as Error).message).not.toMatch(/^$|call stack|array length/i);
    }
  };
  const at = fc.integer({ min: 128, max: whole.length - 1 });
  const odd = fc.constantFrom(0, 1, 2, 14, 15, 2 ** 16, 2 ** 20, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1);
  const run = { numRuns: 1500, seed: 7 };
  fc.assert(
    fc.property(at, (cut) => end(whole.subarray(0, cut))),
    run,
  );
  fc.assert(
    fc.property(at, fc.nat(255), (place, value) => end(Buffer.from(whole.with(place, value)))),
    run,
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(at, odd), { minLength: 1, maxLength: 3 }), (changes) => {
      const damaged = Buffer.from(whole);
      for (const [place, value] of changes) damaged.writeUInt32LE(value, Math.min(place & ~3, whole.length - 4));
      end(damaged);
    }),
    run,
  );
});
