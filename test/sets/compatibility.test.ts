import { expect, test } from "vitest";
import { classMismatch, sizeMismatch } from "../../src/sets/compatibility.ts";

const hundred = Array.from({ length: 100 }, (_, c) => `n${c}`);

test("lists of classes are told apart by the classes that differ", () => {
  expect(classMismatch(hundred, [...hundred])).toBeUndefined();
  expect(classMismatch(hundred, hundred.with(57, "okapi"))).toBe(
    "other classes: it was made for 100, the data has 100; the data lacks n57; only the data has okapi",
  );
  expect(classMismatch(["a"], hundred)).toBe(
    "other classes: it was made for 1, the data has 100; the data lacks a; only the data has n0, n1, n2 and 97 more",
  );
  expect(classMismatch(["a", "a"], ["a"])).toBe("other classes: it was made for 2, the data has 1");
});

test("the same classes in another order are said to be that, with the first that moved", () => {
  expect(classMismatch(hundred, hundred.with(57, "n58").with(58, "n57"))).toBe(
    "the same 100 classes in another order: class 57 is n57 there and n58 in the data",
  );
});

test("sizes are told as height and width", () => {
  expect(sizeMismatch({ height: 8, width: 9 }, { height: 8, width: 9 })).toBeUndefined();
  expect(sizeMismatch({ height: 8, width: 9 }, { height: 9, width: 8 })).toBe(
    "another size: it was made for images of 8x9, those of the data are 9x8",
  );
});
