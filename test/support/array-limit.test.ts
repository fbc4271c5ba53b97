import { expect, test } from "vitest";
import { exceedsArrayLimit } from "../../src/support/array-limit.ts";

test("an array that this Node cannot hold is refused with its size and what helps", () => {
  const gib = 2 ** 30;
  expect(exceedsArrayLimit(4 * gib, 4 * gib)).toBeUndefined();
  expect(exceedsArrayLimit(7.5 * gib, 4 * gib)).toBe(
    `take 7.5 GiB in one piece, more than the 4.0 GiB that Node ${process.versions.node} allows; use Node 22 or later`,
  );
  // What it says is so: one byte more than allowed cannot be had.
  expect(() => new Uint8Array(2 ** 53)).toThrow(RangeError);
  expect(exceedsArrayLimit(2 ** 53)).toBeDefined();
});
