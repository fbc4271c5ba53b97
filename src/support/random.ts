// Random numbers from streams that are keyed by name.
import { randomBeta, randomNormal } from "d3-random";
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";
import { sha256 } from "./key.ts";

/** A source of random numbers. Streams are keyed, never saved: a step's stream is rebuilt from (seed, task, step). */
export interface Random {
  /** Uniform in [0, 1), 32 random bits. */
  float(): number;
  /** Uniform integer in [0, n). */
  int(n: number): number;
  /** Standard normal. */
  normal(): number;
  /** Beta(a, b). */
  beta(a: number, b: number): number;
  /** A uniformly random order of 0..n-1. */
  permutation(n: number): Int32Array;
}

/**
 * The stream belonging to a seed and a path of names and numbers, e.g. `stream(7, "teacher", 0, "epoch", 3)`.
 * Different paths give independent streams; the same path gives the same stream on every machine.
 */
export const stream = (seed: number, ...path: readonly (string | number)[]): Random => {
  const digest = sha256(JSON.stringify([seed, ...path]));
  // Its first four bytes, as a whole number whose lowest byte comes first.
  const bytes = Uint8Array.from({ length: 4 }, (_, i) => Number.parseInt(digest.slice(2 * i, 2 * i + 2), 16));
  const generator = xoroshiro128plus(new DataView(bytes.buffer).getInt32(0, true));
  const float = (): number => (generator.next() >>> 0) / 4294967296;
  const int = (n: number): number => Math.floor(float() * n);
  const normal = randomNormal.source(float)();
  return {
    float,
    int,
    normal,
    beta: (a, b) => randomBeta.source(float)(a, b)(),
    permutation: (n) => {
      const order = Int32Array.from({ length: n }, (_, i) => i);
      for (let i = n - 1; i > 0; i--) {
        const j = int(i + 1);
        const t = order[i]!;
        order[i] = order[j]!;
        order[j] = t;
      }
      return order;
    },
  };
};
