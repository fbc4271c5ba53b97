import type { Random } from "../../src/support/random.ts";
import { type Mutated, mutate } from "./mutate.ts";

type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };

const odd: readonly Json[] = [
  null,
  true,
  -1,
  0,
  0.5,
  1e300,
  5e-324,
  2 ** 53,
  "",
  "NaN",
  "../../x",
  "\0",
  "\ud800",
  "\u202e\u001b[31m",
  "x".repeat(5000),
  [],
  {},
  [[]],
  [null],
  { length: 3 },
];

const names = ["__proto__", "constructor", "", "length", "0"] as const;

/** All that a value holds, itself included. */
const count = (value: Json): number =>
  1 +
  (typeof value === "object" && value !== null ? Object.values(value).reduce<number>((n, v) => n + count(v), 0) : 0);

type Change = (value: Json, random: Random) => readonly Json[];

/** A node is replaced by these: by another, by none, by two. */
const changes: Readonly<Record<string, Change>> = {
  "another value": (_, random) => [odd[random.int(odd.length)]!],
  gone: () => [],
  twice: (value) => [value, value],
  "in a list": (value) => [[value]],
  negative: (value) => [typeof value === "number" ? -value : value],
};

/** Changes the n-th node below a value, counted depth first. */
const changeAt = (value: Json, n: number, change: (node: Json) => readonly Json[]): readonly Json[] => {
  if (n === 0) return change(value);
  if (typeof value !== "object" || value === null) return [value];
  let left = n - 1;
  const below = (node: Json): readonly Json[] => {
    const size = count(node);
    const here = left >= 0 && left < size;
    const at = left;
    left -= size;
    return here ? changeAt(node, at, change) : [node];
  };
  if (Array.isArray(value)) return [value.flatMap(below)];
  const entries = Object.entries(value).flatMap(([name, node]) =>
    below(node).map((to, i): [string, Json] => [i === 0 ? name : names[(n + i) % names.length]!, to]),
  );
  return [Object.fromEntries(entries)];
};

/** JSON that is still JSON, with one node changed, or in two of five cases two to four. */
export const mutateJson = (text: string, random: Random): Mutated => {
  let value = JSON.parse(text) as Json;
  const how: string[] = [];
  for (let left = random.int(5) < 2 ? 2 + random.int(3) : 1; left > 0; left--) {
    const [name, change] = Object.entries(changes)[random.int(Object.keys(changes).length)]!;
    value = changeAt(value, random.int(count(value)), (node) => change(node, random))[0] ?? null;
    how.push(name);
  }
  return { bytes: Buffer.from(JSON.stringify(value, null, 2)), how };
};

/** A JSON text, changed as any text or as JSON. */
export const mutateEither = (text: Buffer, random: Random): Mutated =>
  random.int(2) === 0 ? mutate(text, random, true) : mutateJson(text.toString(), random);
