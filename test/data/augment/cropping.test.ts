import { describe, expect, it } from "vitest";
import { type Cropping, cropImages } from "../../../src/data/augment/cropping.ts";
import { stream } from "../../../src/support/random.ts";

const [n, size] = [12, { height: 10, width: 14 }] as const;
/** The value of a pixel is its place, the same in every image. */
const places = (): Float32Array => Float32Array.from({ length: n * 3 * 140 }, (_, i) => i % 420);
const random = () => stream(1, "cropping");

describe("cropping", () => {
  it.each<Cropping>(["shift", "resize"])("tells where each pixel of a %s came from", (cropping) => {
    const { images, warps } = cropImages(places(), n, size, cropping, 2, random(), { fill: "reflect" });
    expect(new Set(warps.map(({ x }) => Math.sign(x.scale))).size).toBe(2);
    for (const [i, { y, x }] of warps.entries()) {
      // Places grow evenly, so that also what lies between pixels is known; edges are another matter.
      for (const [row, column] of [
        [4, 6],
        [5, 8],
        [6, 7],
      ] as const) {
        const [fromY, fromX] = [(row + 0.5 - y.shift) / y.scale - 0.5, (column + 0.5 - x.shift) / x.scale - 0.5];
        expect(images[i * 420 + row * 14 + column]!).toBeCloseTo(14 * fromY + fromX, 3);
      }
    }
  });

  it("by resizing shows a part of each image of its own, larger than life, some mirrored", () => {
    const seen = cropImages(places(), n, size, "resize", 2, random()).images;
    const about = Array.from({ length: n }, (_, i) => {
      const image = seen.subarray(i * 420, (i + 1) * 420);
      const [first, right, below] = [image[0]!, image[13]!, image[9 * 14]!];
      return { across: (right - first) / 13, down: (below - first) / 9 / 14, corner: first };
    });
    for (const { across, down } of about) {
      expect(Math.abs(across)).toBeLessThanOrEqual(1);
      expect(down).toBeGreaterThan(0);
      expect(down).toBeLessThanOrEqual(1);
    }
    expect(about.some(({ across }) => across < 0)).toBe(true);
    expect(about.some(({ across }) => across > 0)).toBe(true);
    expect(new Set(about.map(({ corner }) => corner)).size).toBe(n);
    expect(about.filter(({ down }) => down < 0.8).length).toBeGreaterThan(2);
  });

  it("mirrors by choice whatever the crop", () => {
    const mirrored = Array.from({ length: n }, (_, i) => i % 2);
    const seen = cropImages(places(), n, size, "resize", 0, random(), { mirrored }).images;
    for (const [i, turned] of mirrored.entries()) {
      expect(Math.sign(seen[i * 420 + 13]! - seen[i * 420]!)).toBe(turned === 1 ? -1 : 1);
    }
  });
});
