import { describe, expect, test } from "vitest";
import { alternatingFlips, batchIndices, epochsOf } from "../../src/training/batches.ts";

const join = (lists: readonly Int32Array[]): number[] => lists.flatMap((list) => [...list]);
const sorted = (list: readonly number[]): number[] => [...list].sort((a, b) => a - b);
const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

describe("batchIndices", () => {
  test.each([
    [12, 4],
    [10, 4],
    [7, 7],
    [5, 8],
    [3, 10],
    [1, 4],
  ])("%i images in batches of %i: every batch is full, every epoch holds every image once", (images, batch) => {
    const at = batchIndices(images, batch, 1, "test");
    const batches = upTo(images * 3).map(at);
    for (const one of batches) expect(one).toHaveLength(batch);
    const all = join(batches);
    for (let epoch = 0; epoch < 3 * batch; epoch++) {
      expect(sorted(all.slice(epoch * images, (epoch + 1) * images)), `epoch ${epoch}`).toEqual(upTo(images));
    }
  });

  test("epochs differ in their order", () => {
    const at = batchIndices(50, 50, 1, "test");
    expect(join([at(0)])).not.toEqual(join([at(1)]));
    expect(join([at(0)])).not.toEqual(upTo(50));
  });

  test.each([
    [10, 4],
    [3, 10],
  ])("any order of asking gives the same: %i images, batch %i", (images, batch) => {
    const steps = upTo(40);
    const forward = batchIndices(images, batch, 7, "test");
    const expected = steps.map((step) => [...forward(step)]);
    const other = batchIndices(images, batch, 7, "test");
    for (const step of [39, 0, 17, 3, 38, 39, 0, 1, 20])
      expect([...other(step)], `step ${step}`).toEqual(expected[step]);
    for (const step of [...steps].reverse()) {
      expect([...batchIndices(images, batch, 7, "test")(step)], `step ${step} alone`).toEqual(expected[step]);
    }
  });

  test("the order depends on seed and name, and on nothing else", () => {
    const of = (seed: number, name: string): number[] => [...batchIndices(100, 100, seed, name)(0)];
    expect(of(1, "a")).toEqual(of(1, "a"));
    expect(of(1, "a")).not.toEqual(of(2, "a"));
    expect(of(1, "a")).not.toEqual(of(1, "b"));
  });
});

describe("alternatingFlips", () => {
  test.each([
    [12, 4],
    [10, 4],
    [3, 10],
  ])("%i images in batches of %i: each is the other way round in every following epoch", (images, batch) => {
    const indices = batchIndices(images, batch, 3, "test");
    const flips = alternatingFlips(images, batch, 3, "test");
    const seen = Array.from({ length: images }, (): number[] => []);
    for (let step = 0; step < images * 4; step++) {
      const at = indices(step);
      flips(step, at).forEach((flip, i) => {
        seen[at[i]!]!.push(flip);
      });
    }
    for (const list of seen) {
      expect(list.length).toBeGreaterThan(3);
      list.forEach((flip, epoch) => {
        expect(flip).toBe((list[0]! + epoch) % 2);
      });
    }
  });

  test("about half of the images are mirrored in each epoch, others for another seed", () => {
    const all = Int32Array.from({ length: 1000 }, (_, i) => i);
    const first = alternatingFlips(1000, 1000, 1, "test")(0, all);
    const mirrored = first.reduce((sum, flip) => sum + flip, 0);
    expect(Math.abs(mirrored - 500)).toBeLessThan(60);
    expect(alternatingFlips(1000, 1000, 2, "test")(0, all)).not.toEqual(first);
  });

  test("epochsOf counts where epochs join inside a batch", () => {
    expect([...epochsOf(5, 4)(0)]).toEqual([0, 0, 0, 0]);
    expect([...epochsOf(5, 4)(1)]).toEqual([0, 1, 1, 1]);
    expect([...epochsOf(3, 7)(1)]).toEqual([2, 2, 3, 3, 3, 4, 4]);
  });
});
