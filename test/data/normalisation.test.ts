import fc from "fast-check";
import { expect, test } from "vitest";
import { splitOf } from "../../src/data/dataset.ts";
import { denormalise, normalisationOf, normalise, validRange } from "../../src/data/normalisation.ts";
import { codeOf } from "./fixtures.ts";

const image = (n: number, h: number, w: number) =>
  fc.uint8Array({ minLength: n * 3 * h * w, maxLength: n * 3 * h * w });

test("is the mean and deviation of each channel", async () => {
  const pixels = Uint8Array.from([0, 255, 51, 51, 0, 102, /* second image */ 0, 255, 51, 51, 0, 102]);
  const norm = await normalisationOf(splitOf(pixels, Int32Array.from([0, 1])));
  expect(norm.mean[0]).toBeCloseTo(0.5, 12);
  expect(norm.mean[1]).toBeCloseTo(0.2, 12);
  expect(norm.mean[2]).toBeCloseTo(0.2, 12);
  expect(norm.std[0]).toBeCloseTo(0.5, 12);
  expect(norm.std[2]).toBeCloseTo(0.2, 12);
});

test("a channel that never changes gets one grey level, and normalises to zero", async () => {
  const pixels = new Uint8Array(3 * 4).fill(77);
  const norm = await normalisationOf(splitOf(pixels, Int32Array.from([0])));
  expect(norm.std).toEqual([1 / 255, 1 / 255, 1 / 255]);
  for (const value of normalise(pixels, norm, 2, 2)) expect(Math.abs(value)).toBeLessThan(1e-6);
});

test("more images than one chunk count as much as each other", async () => {
  const pixels = Uint8Array.from({ length: 3 * 2500 }, (_, i) => (Math.floor(i / 3) % 2 === 0 ? 10 : 20));
  const norm = await normalisationOf(splitOf(pixels, new Int32Array(2500)));
  expect(norm.mean[1] * 255).toBeCloseTo(15, 10);
  expect(norm.std[1] * 255).toBeCloseTo(5, 10);
});

test("normalised training pixels have mean 0 and deviation 1, within the valid range", async () => {
  await fc.assert(
    fc.asyncProperty(image(4, 3, 5), async (pixels) => {
      const norm = await normalisationOf(splitOf(pixels, new Int32Array(4)));
      const { low, high } = validRange(norm);
      const out = normalise(pixels, norm, 3, 5);
      for (let c = 0; c < 3; c++) {
        const channel = out.filter((_, i) => Math.floor(i / 15) % 3 === c);
        const mean = channel.reduce((sum, v) => sum + v, 0) / channel.length;
        expect(Math.abs(mean)).toBeLessThan(1e-3);
        if (norm.std[c]! > 1 / 255) {
          const variance = channel.reduce((sum, v) => sum + (v - mean) ** 2, 0) / channel.length;
          expect(variance).toBeCloseTo(1, 3);
        }
        const slack = 1e-5 * Math.max(1, Math.abs(low[c]!), Math.abs(high[c]!));
        for (const v of channel) {
          expect(v).toBeGreaterThanOrEqual(low[c]! - slack);
          expect(v).toBeLessThanOrEqual(high[c]! + slack);
        }
      }
    }),
    { numRuns: 50 },
  );
});

test("denormalised images are the pixels again; what is no pixel is rounded or cut off", () => {
  const norm = { mean: [0.5, 0.25, 0.1], std: [0.2, 0.1, 0.3] } as const;
  const pixels = Uint8Array.from({ length: 2 * 3 * 256 }, (_, i) => i % 256);
  expect(denormalise(normalise(pixels, norm, 16, 16), norm, 16, 16)).toEqual(pixels);
  const odd = Float32Array.of(-9, (100.4 / 255 - 0.25) / 0.1, 9);
  expect([...denormalise(odd, norm, 1, 1)]).toEqual([0, 100, 255]);
});

test.each([8, 7, 6, 5, 1])(
  "pixels of %i bits: the nearest of the levels, black and white among them, unbiased",
  (bits) => {
    const norm = { mean: [0.5, 0.25, 0.1], std: [0.2, 0.1, 0.3] } as const;
    const step = 2 ** (8 - bits);
    const levels = [...new Set(Array.from({ length: 257 }, (_, i) => Math.min(255, step * Math.floor(i / step))))];
    // Learnt values are no whole numbers.
    const values = Array.from({ length: 3 * 5000 }, (_, i) => (255 * (i + 0.5)) / (3 * 5000));
    const planes = [0, 1, 2].flatMap((c) =>
      values.slice(5000 * c, 5000 * c + 5000).map((v) => (v / 255 - norm.mean[c]!) / norm.std[c]!),
    );
    const out = denormalise(Float32Array.from(planes), norm, 50, 100, step);
    expect([...new Set(out)]).toEqual(levels);
    let sum = 0;
    for (const [i, value] of values.entries()) {
      sum += out[i]! - value;
      expect(Math.abs(out[i]! - value)).toBeLessThanOrEqual(step / 2 + 1e-3);
    }
    expect(Math.abs(sum / values.length)).toBeLessThan(0.02 * step);
    const pixels = Uint8Array.of(0, 255, 0);
    expect(denormalise(normalise(pixels, norm, 1, 1), norm, 1, 1, step)).toEqual(pixels);
  },
);

test("refuses a split without images", async () => {
  expect(await codeOf(normalisationOf(splitOf(new Uint8Array(0), new Int32Array(0))))).toBe("DATA");
});

test("refuses pixels that are no whole images", () => {
  const norm = { mean: [0, 0, 0], std: [1, 1, 1] } as const;
  expect(() => normalise(new Uint8Array(13), norm, 2, 2)).toThrow("13 values");
});
