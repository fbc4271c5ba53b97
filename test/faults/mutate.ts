import type { Random } from "../../src/support/random.ts";

/** Bytes that are not as they were, and how that came about. */
export interface Mutated {
  readonly bytes: Buffer;
  readonly how: readonly string[];
}

type Mutation = (bytes: Buffer, random: Random) => Buffer;

const splice = (bytes: Buffer, at: number, without: number, ...inserted: readonly Buffer[]): Buffer =>
  Buffer.concat([bytes.subarray(0, at), ...inserted, bytes.subarray(at + without)]);

const noise = (length: number, random: Random): Buffer => Buffer.from(Array.from({ length }, () => random.int(256)));

/** A place in the bytes and a length that reaches no further than their end. */
const stretch = (bytes: Buffer, random: Random, longest = 64): readonly [number, number] => {
  const at = random.int(bytes.length);
  return [at, Math.min(bytes.length - at, 1 + random.int(longest))];
};

/** Sizes that make a reader overflow, or reserve far too much. */
const huge = [0, 1, 0x7f, 0xff, 0x7fff, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff] as const;

const anywhere: Readonly<Record<string, Mutation>> = {
  "bit flip": (bytes, random) => {
    const changed = Buffer.from(bytes);
    changed[random.int(bytes.length)]! ^= 1 << random.int(8);
    return changed;
  },
  cut: (bytes, random) => bytes.subarray(0, random.int(bytes.length)),
  insert: (bytes, random) => splice(bytes, random.int(bytes.length + 1), 0, noise(1 + random.int(16), random)),
  double: (bytes, random) => {
    const [at, length] = stretch(bytes, random, 256);
    return splice(bytes, at, 0, bytes.subarray(at, at + length));
  },
  delete: (bytes, random) => splice(bytes, ...stretch(bytes, random)),
  noise: (bytes, random) => {
    const [at, length] = stretch(bytes, random, 16);
    return splice(bytes, at, length, noise(length, random));
  },
  "huge number": (bytes, random) => {
    const value = huge[random.int(huge.length)]!;
    const number = Buffer.alloc(8);
    const length = [1, 2, 4, 8][random.int(4)]!;
    if (random.int(2) === 0) number.writeUInt32LE(value);
    else number.writeUInt32BE(value, Math.max(0, length - 4));
    return splice(bytes, random.int(bytes.length), length, number.subarray(0, length));
  },
};

/** Values that stand where another was expected, in JSON, YAML and tables alike. */
const odd = [
  "NaN",
  "1e999",
  "-1",
  "0",
  "1e-300",
  "9007199254740993",
  "null",
  "true",
  '""',
  "[]",
  "{}",
  "[[]]",
  '"__proto__"',
  '"constructor"',
  '"../../x"',
  '"/etc/passwd"',
  '"\\u0000"',
  '"\\ud800"',
  "*a",
  "&a [*a]",
  "!!binary x",
  "\t",
  '"'.padEnd(5000, "x"),
] as const;

/** Words, numbers and quoted texts. */
const token = /"(?:[^"\\]|\\.)*"|[\w.+-]+/g;

const inText: Readonly<Record<string, Mutation>> = {
  "odd value": (bytes, random) => {
    const text = bytes.toString("latin1");
    const tokens = [...text.matchAll(token)];
    const found = tokens[random.int(Math.max(1, tokens.length))];
    if (found === undefined) return bytes;
    const value = odd[random.int(odd.length)]!;
    return splice(bytes, found.index, found[0].length, Buffer.from(value, "latin1"));
  },
  "line gone": (bytes, random) => {
    const lines = bytes.toString("latin1").split("\n");
    lines.splice(random.int(lines.length), 1);
    return Buffer.from(lines.join("\n"), "latin1");
  },
  "line twice": (bytes, random) => {
    const lines = bytes.toString("latin1").split("\n");
    const at = random.int(lines.length);
    lines.splice(at, 0, lines[at]!);
    return Buffer.from(lines.join("\n"), "latin1");
  },
};

/** One change, or in two of five cases two to four; `text` adds changes that only text can have. */
export const mutate = (bytes: Buffer, random: Random, text = false): Mutated => {
  const mutations = Object.entries(text ? { ...anywhere, ...inText } : anywhere);
  const how: string[] = [];
  let changed = bytes;
  for (let left = random.int(5) < 2 ? 2 + random.int(3) : 1; left > 0 && changed.length > 0; left--) {
    const [name, mutation] = mutations[random.int(mutations.length)]!;
    changed = mutation(changed, random);
    how.push(name);
  }
  return { bytes: changed, how };
};
