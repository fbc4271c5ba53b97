import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compareWithGuessing } from "../../src/teachers/guessing.ts";

describe("compareWithGuessing", () => {
  it.each([
    // Four images and two classes: all four are right once in 16 guesses.
    [4, 4, 2, "too few"],
    [0, 4, 2, "too few"],
    [1, 1, 1000, "better"],
    [1, 1, 10, "too few"],
    [6, 24, 4, "guessing"],
    [12, 24, 4, "better"],
    [9, 24, 4, "guessing"],
    [10, 24, 4, "too few"],
    [1000, 10_000, 10, "guessing"],
    [1071, 10_000, 10, "better"],
    [1050, 10_000, 10, "too few"],
    [50, 50_000, 1000, "guessing"],
    [90, 50_000, 1000, "better"],
    [30, 50, 2, "guessing"],
    [50, 50, 2, "better"],
    [3, 3, 1, "too few"],
    [0, 0, 5, "too few"],
  ] as const)("%i of %i right, %i classes: %s", (right, n, classes, verdict) => {
    expect(compareWithGuessing(right, n, classes)).toBe(verdict);
  });

  it("never calls a network that is always right a guesser, and never praises one that is wrong too often", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 2, max: 200 }), (n, classes) => {
        expect(compareWithGuessing(n, n, classes)).not.toBe("guessing");
        expect(compareWithGuessing(Math.floor(n / classes), n, classes)).not.toBe("better");
      }),
    );
  });

  it("is wrong about guessers once in a hundred times at most", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 2, max: 5 }), (n, classes) => {
        let chance = 0;
        let ways = 1;
        for (let k = 0; k <= n; k++) {
          const p = ways * classes ** -k * (1 - 1 / classes) ** (n - k);
          if (compareWithGuessing(k, n, classes) === "better") chance += p;
          ways = (ways * (n - k)) / (k + 1);
        }
        expect(chance).toBeLessThanOrEqual(0.01 + 1e-12);
      }),
    );
  });
});
