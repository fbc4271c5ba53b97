import { setImmediate, setTimeout } from "node:timers/promises";
import { expect, test } from "vitest";
import { readAhead } from "../../src/training/read-ahead.ts";

const recorded = () => {
  const made: number[] = [];
  return {
    made,
    make: async (index: number) => {
      made.push(index);
      return 10 * index;
    },
  };
};

test("makes each value once, in order, no more than `ahead` before it is asked for", async () => {
  const { made, make } = recorded();
  const ahead = readAhead(3, 9, 2, make);
  await setTimeout(10);
  expect(made).toEqual([3, 4]);
  expect(await ahead.next()).toBe(30);
  await setTimeout(10);
  expect(made).toEqual([3, 4, 5]);
  for (const value of [40, 50, 60, 70, 80]) expect(await ahead.next()).toBe(value);
  expect(made).toEqual([3, 4, 5, 6, 7, 8]);
  await expect(ahead.next()).rejects.toThrow("all values up to 9 were read");
});

test("the event loop turns between two values", async () => {
  const { made, make } = recorded();
  readAhead(0, 5, 5, make);
  const seen: number[] = [];
  for (let turn = 0; turn < 10; turn++) {
    await setImmediate();
    seen.push(made.length);
  }
  for (const [i, n] of seen.entries()) expect(n - (seen[i - 1] ?? 0)).toBeLessThanOrEqual(1);
  expect(made).toHaveLength(5);
});

test("one slow value delays none that was made before it", async () => {
  const ahead = readAhead(0, 4, 3, async (index) => {
    if (index === 2) await setTimeout(50);
    return index;
  });
  await setTimeout(5);
  const start = performance.now();
  expect([await ahead.next(), await ahead.next()]).toEqual([0, 1]);
  expect(performance.now() - start).toBeLessThan(40);
  expect([await ahead.next(), await ahead.next()]).toEqual([2, 3]);
});

test("a value that cannot be made is an error in its turn, and nothing is made after it", async () => {
  const { made, make } = recorded();
  const ahead = readAhead(0, 9, 4, (index) => (index === 1 ? Promise.reject(new Error("broken")) : make(index)));
  await setTimeout(10);
  expect(await ahead.next()).toBe(0);
  await expect(ahead.next()).rejects.toThrow("broken");
  await expect(ahead.next()).rejects.toThrow("broken");
  expect(made).toEqual([0]);
});

test("stop ends it", async () => {
  const { made, make } = recorded();
  const ahead = readAhead(0, 9, 4, make);
  expect(await ahead.next()).toBe(0);
  ahead.stop();
  const before = made.length;
  await setTimeout(10);
  expect(made).toHaveLength(before);
});
