import fc from "fast-check";
import { expect, test } from "vitest";
import { defaultCrop, drawCrop, resizeCrops, type Size } from "../../../src/data/augment/resized-crop.ts";
import { type Random, stream } from "../../../src/support/random.ts";

/** A Random whose answers are given; integers are scaled to what is asked for. */
const scripted = (floats: number[]): Random => {
  const float = (): number => floats.shift() ?? 0.5;
  return { ...stream(0), float, int: (n) => Math.floor(float() * n) };
};

const resizeImages = (batch: Float32Array, n: number, from: Size, to: Size): Float32Array =>
  resizeCrops(batch, n, from, () => ({ top: 0, left: 0, ...from }), to);

const square = (side: number) => ({ height: side, width: side });
const counting = (n: number): Float32Array => Float32Array.from({ length: n }, (_, i) => i + 1);

test("resizing to the same size changes nothing", () => {
  const batch = counting(2 * 3 * 4 * 5);
  const size = { height: 4, width: 5 };
  expect(resizeImages(batch, 2, size, size)).toEqual(batch);
});

test("halving averages, where pixels fall between two", () => {
  // [1 2 3 4] twice over: centres of the halves lie between the first two and the last two.
  const row = Float32Array.of(1, 2, 3, 4);
  expect([...resizeImages(row, 1, { height: 1, width: 4 }, { height: 1, width: 2 })]).toEqual([1.5, 3.5]);
  const image = Float32Array.of(0, 4, 8, 12);
  expect([...resizeImages(image, 1, square(2), square(1))]).toEqual([6]);
});

test("a factor of three without a filter takes the pixel in the middle", () => {
  expect([...resizeImages(counting(9), 1, square(3), square(1))]).toEqual([5]);
});

test("doubling mixes a quarter and three quarters, and keeps the edge", () => {
  const row = Float32Array.of(0, 4);
  expect([...resizeImages(row, 1, { height: 1, width: 2 }, { height: 1, width: 4 })]).toEqual([0, 1, 3, 4]);
  // torch.nn.functional.interpolate([[0, 4], [8, 12]], size=4, mode="bilinear"), row by row.
  const out = resizeImages(Float32Array.of(0, 4, 8, 12), 1, square(2), square(4));
  expect([...out]).toEqual([0, 1, 3, 4, 2, 3, 5, 6, 6, 7, 9, 10, 8, 9, 11, 12]);
});

test("a crop does not see what lies around it", () => {
  const image = counting(16); // 4x4
  const crop = { top: 1, left: 2, height: 2, width: 2 };
  expect([...resizeCrops(image, 1, square(4), () => crop, square(2))]).toEqual([7, 8, 11, 12]);
  const grown = resizeCrops(image, 1, square(4), () => crop, square(4));
  expect([Math.min(...grown), Math.max(...grown)]).toEqual([7, 12]);
});

test("every image has its own crop, every channel the same", () => {
  const batch = counting(2 * 2 * 4); // [2, 2, 2, 2]
  const crops = [
    { top: 0, left: 1, height: 1, width: 1 },
    { top: 1, left: 0, height: 1, width: 1 },
  ];
  expect([...resizeCrops(batch, 2, square(2), (i) => crops[i]!, square(1))]).toEqual([2, 6, 11, 15]);
});

test("crops beyond the image and batches that do not fill their shape are refused", () => {
  const beyond = { top: 0, left: 0, ...square(3) };
  expect(() => resizeCrops(counting(4), 1, square(2), () => beyond, square(3))).toThrow("no part of an image of 2x2");
  expect(() => resizeImages(counting(5), 1, square(2), square(1))).toThrow("5 values do not fill [1, channels, 2, 2]");
});

test("a drawn crop has the area and the shape that were drawn", () => {
  // Area (0.08 + 0.25 * 0.92) of 100 x 100 = 3100; shape 3/4 (16/9)^0.5 = 1.
  const crop = drawCrop(square(100), defaultCrop, scripted([0.25, 0.5, 0, 0.999]));
  expect(crop).toEqual({ top: 0, left: 44, height: 56, width: 56 });
  const wide = drawCrop(square(100), { scale: [0.12, 0.12], ratio: [4 / 3, 4 / 3] }, scripted([0, 0, 0.5, 0]));
  expect(wide).toEqual({ top: 35, left: 0, height: 30, width: 40 });
});

test("where nothing fits, the middle is taken with the nearest shape allowed", () => {
  const whole = { scale: [1, 1], ratio: [3 / 4, 4 / 3] } as const;
  expect(drawCrop({ height: 10, width: 100 }, whole, stream(1))).toEqual({ top: 0, left: 43, height: 10, width: 13 });
  expect(drawCrop({ height: 100, width: 10 }, whole, stream(1))).toEqual({ top: 43, left: 0, height: 13, width: 10 });
});

test("drawn crops lie inside, within the bounds, and all places are reached", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 80 }), fc.integer({ min: 1, max: 80 }), fc.nat(), (height, width, seed) => {
      const crop = drawCrop({ height, width }, defaultCrop, stream(seed));
      expect(crop.height).toBeGreaterThan(0);
      expect(crop.width).toBeGreaterThan(0);
      expect(crop.top + crop.height).toBeLessThanOrEqual(height);
      expect(crop.left + crop.width).toBeLessThanOrEqual(width);
      expect(Math.min(crop.top, crop.left)).toBeGreaterThanOrEqual(0);
    }),
    { numRuns: 200 },
  );
  const random = stream(4);
  const crops = Array.from({ length: 400 }, () => drawCrop(square(64), defaultCrop, random));
  const shares = crops.map(({ height, width }) => (height * width) / 64 ** 2);
  expect(Math.min(...shares)).toBeGreaterThan(0.07);
  expect(shares.reduce((sum, share) => sum + share, 0) / 400).toBeGreaterThan(0.45);
  for (const { height, width } of crops) expect(Math.abs(Math.log(width / height))).toBeLessThan(0.36);
  expect(new Set(crops.map(({ top, left }) => `${top < 8} ${left < 8}`)).size).toBe(4);
});
