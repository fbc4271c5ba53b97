import fc from "fast-check";
import { expect, test } from "vitest";
import { type Split, splitOf } from "../../src/data/dataset.ts";
import { holdOut, pickPerStratum, subset } from "../../src/data/split.ts";
import { stream } from "../../src/support/random.ts";
import { classification } from "../../src/tasks/classification.ts";

/** Images of one pixel whose red value is their index. */
const numbered = (labels: readonly number[]): Split =>
  splitOf(
    Uint8Array.from({ length: labels.length * 3 }, (_, i) => (i % 3 === 0 ? i / 3 : 0)),
    Int32Array.from(labels),
  );

const identities = async (split: Split): Promise<number[]> => {
  const pixels = await split.read(Int32Array.from({ length: split.length }, (_, i) => i));
  return [...pixels.filter((_, i) => i % 3 === 0)];
};

const of = (classes: number) => classification(classes, { height: 1, width: 1 });

const labels = fc.array(fc.nat(4), { minLength: 1, maxLength: 80 });
const count = (all: ArrayLike<number>, label: number): number => Array.from(all).filter((l) => l === label).length;

test("subset reads the chosen images, with their labels, in the chosen order", async () => {
  const part = subset(numbered([5, 6, 7, 8]), [3, 0, 3]);
  expect([...part.labels]).toEqual([8, 5, 8]);
  expect(await identities(part)).toEqual([3, 0, 3]);
  expect([...(await subset(part, [1]).read([0]))]).toEqual([0, 0, 0]);
});

test("subset refuses an index outside the split", () => {
  expect(() => subset(numbered([0]), [1])).toThrow("index 1 is outside a split of 1 images");
});

test("holdOut divides every class, keeping images and labels together", async () => {
  await fc.assert(
    fc.asyncProperty(labels, fc.double({ min: 0, max: 0.99, noNaN: true }), fc.nat(), async (all, fraction, seed) => {
      const { train, validation } = holdOut(numbered(all), of(5), fraction, stream(seed, "held"));
      const ids = [...(await identities(train)), ...(await identities(validation))];
      expect(ids.sort((a, b) => a - b)).toEqual(all.map((_, i) => i));
      expect([...train.labels]).toEqual((await identities(train)).map((i) => all[i]));
      expect([...validation.labels]).toEqual((await identities(validation)).map((i) => all[i]));
      for (const label of new Set(all)) {
        const [whole, held] = [count(all, label), count(validation.labels, label)];
        if (fraction === 0 || whole === 1) expect(held).toBe(0);
        else {
          expect(held).toBeGreaterThanOrEqual(1);
          expect(held).toBeLessThan(whole);
          expect(Math.abs(held - fraction * whole)).toBeLessThanOrEqual(1);
        }
      }
    }),
  );
});

test("holdOut refuses fractions that leave nothing to train on", () => {
  for (const fraction of [-0.1, 1, Number.NaN]) {
    expect(() => holdOut(numbered([0, 0]), of(1), fraction, stream(0))).toThrow("expected a fraction");
  }
});

test("pickPerStratum draws without replacement, base set by base set", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 0, max: 8 }), fc.nat(), (classes, perClass, seed) => {
      const all = Array.from({ length: classes * 9 }, (_, i) => (i * 7 + (i >> 2)) % classes);
      const names = Array.from({ length: classes }, (_, c) => `class ${c}`);
      const most = Math.min(...names.map((_, c) => count(all, c)));
      fc.pre(perClass <= most);
      const split = numbered(all);
      const picks = pickPerStratum(split, of(classes), names, perClass, stream(seed));
      expect(picks).toHaveLength(perClass * classes);
      expect(new Set(picks).size).toBe(picks.length);
      for (const [at, index] of picks.entries()) expect(split.labels[index]).toBe(at % classes);
      const fewer = pickPerStratum(split, of(classes), names, Math.floor(perClass / 2), stream(seed));
      expect(picks.subarray(0, fewer.length)).toEqual(fewer);
    }),
  );
});

test("pickPerStratum names the class with too few images and the most that can be drawn", () => {
  const pick = () => pickPerStratum(numbered([0, 0, 0, 1, 1]), of(2), ["cat", "dog"], 3, stream(0));
  expect(pick).toThrow('3 images a class asked for, but class "dog" has 2; at most 2 images a class');
  expect(pick).toThrow(expect.objectContaining({ code: "BUDGET" }));
});
