import { expect, test } from "vitest";
import { moveImages } from "../../../src/data/augment/augment.ts";
import { type CropOptions, cropImages } from "../../../src/data/augment/cropping.ts";
import { type Random, stream } from "../../../src/support/random.ts";

/** A Random whose `int` answers are given. */
const scripted = (answers: number[]): Random => ({ ...stream(0), int: () => answers.shift() ?? 0 });

const cropFlip = (
  batch: Float32Array,
  n: number,
  height: number,
  width: number,
  pad: number,
  random: Random,
  options?: CropOptions,
): Float32Array => cropImages(batch, n, { height, width }, "shift", pad, random, options).images;

const counting = (n: number): Float32Array => Float32Array.from({ length: n }, (_, i) => i + 1);

test("cropFlip without shift and flip is the identity, and a new array", () => {
  const batch = counting(2 * 3 * 4);
  const out = cropFlip(batch, 2, 2, 2, 1, scripted([1, 1, 0, 1, 1, 0]));
  expect(out).toEqual(batch);
  expect(out).not.toBe(batch);
});

test("cropFlip shifts with zeros coming in, then mirrors", () => {
  const image = counting(6); // [1, 1, 2, 3]: 1 2 3 / 4 5 6
  expect([...cropFlip(image, 1, 2, 3, 1, scripted([2, 0, 0]))]).toEqual([0, 4, 5, 0, 0, 0]);
  expect([...cropFlip(image, 1, 2, 3, 1, scripted([2, 0, 1]))]).toEqual([5, 4, 0, 0, 0, 0]);
  expect([...cropFlip(image, 1, 2, 3, 1, scripted([1, 1, 1]))]).toEqual([3, 2, 1, 6, 5, 4]);
});

test("cropFlip survives a padding larger than the image", () => {
  expect([...cropFlip(counting(4), 1, 2, 2, 9, scripted([18, 18, 0]))]).toEqual([0, 0, 0, 0]);
});

test("cropFlip with reflection shows what lies behind the edge pixel, then mirrors", () => {
  const image = Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9);
  const reflect = { fill: "reflect" } as const;
  // (dy, dx) = (1, -1): the rows below, the columns to the left.
  expect([...cropFlip(image, 1, 3, 3, 1, scripted([2, 0, 0]), reflect)]).toEqual([5, 4, 5, 8, 7, 8, 5, 4, 5]);
  expect([...cropFlip(image, 1, 3, 3, 2, scripted([2, 4, 0]), reflect)]).toEqual([3, 2, 1, 6, 5, 4, 9, 8, 7]);
  expect([...cropFlip(image, 1, 3, 3, 1, scripted([1, 2, 1]), reflect)]).toEqual([2, 3, 2, 5, 6, 5, 8, 9, 8]);
  expect(() => cropFlip(image, 1, 3, 3, 3, scripted([6, 3, 0]), reflect)).toThrow("cannot be mirrored");
});

test("cropFlip mirrors the images it is told to, with the same shifts as without being told", () => {
  const batch = counting(3 * 16);
  const told = cropFlip(batch, 3, 4, 4, 1, stream(9), { mirrored: [1, 0, 1] });
  const other = cropFlip(batch, 3, 4, 4, 1, stream(9), { mirrored: [0, 0, 0] });
  const turned = moveImages(other, 3, 4, 4, (i) => ({ dy: 0, dx: 0, mirrored: i !== 1 }), "zeros");
  expect(told).toEqual(turned);
  expect(told).not.toEqual(other);
});

test("cropFlip treats the channels of an image alike and images apart", () => {
  const one = Float32Array.from({ length: 64 }, (_, i) => i + 1);
  const batch = new Float32Array(40 * 3 * 64);
  for (let i = 0; i < 40 * 3; i++) batch.set(one, i * 64);
  const out = cropFlip(batch, 40, 8, 8, 2, stream(3));
  const variants = new Set<string>();
  for (let i = 0; i < 40; i++) {
    const planes = [0, 1, 2].map((c) => out.subarray((i * 3 + c) * 64, (i * 3 + c + 1) * 64).join());
    expect(new Set(planes).size).toBe(1);
    variants.add(planes[0]!);
  }
  expect(variants.size).toBeGreaterThan(20);
});

test("values that do not fill the batch are refused", () => {
  expect(() => cropFlip(new Float32Array(13), 2, 2, 2, 1, stream(0))).toThrow("13 values");
});
