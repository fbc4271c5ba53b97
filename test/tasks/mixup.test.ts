import fc from "fast-check";
import { expect, test } from "vitest";
import { tensor } from "../../src/autodiff/types.ts";
import { stream } from "../../src/support/random.ts";
import { drawMix, mixRows, mixTensors } from "../../src/tasks/mixup.ts";

test("mixup mixes images and targets with one lambda and the same partners", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 9 }),
      fc.nat(),
      fc.double({ min: 0.05, max: 4, noNaN: true }),
      (n, seed, alpha) => {
        const images = Float32Array.from({ length: n * 12 }, (_, i) => Math.floor(i / 12));
        const targets = Float32Array.from({ length: n * 3 }, (_, i) => Math.floor(i / 3));
        const mixed = drawMix(n, stream(seed), alpha);
        const [mixedImages, mixedTargets] = [mixRows(images, mixed), mixRows(targets, mixed)];
        expect(mixed.lambda).toBeGreaterThanOrEqual(0);
        expect(mixed.lambda).toBeLessThanOrEqual(1);
        expect([...mixed.permutation].sort((a, b) => a - b)).toEqual(Array.from({ length: n }, (_, i) => i));
        for (let i = 0; i < n; i++) {
          const expected = mixed.lambda * i + (1 - mixed.lambda) * mixed.permutation[i]!;
          expect(mixedImages[i * 12 + 11]).toBeCloseTo(expected, 5);
          expect(mixedTargets[i * 3]).toBeCloseTo(expected, 5);
        }
      },
    ),
  );
});

test("lambda follows Beta(0.8, 0.8): mean 1/2, variance 1 / (4 (2 alpha + 1))", () => {
  const lambdas = Array.from({ length: 4000 }, (_, step) => drawMix(1, stream(0, step), 0.8).lambda);
  const mean = lambdas.reduce((sum, v) => sum + v, 0) / lambdas.length;
  const variance = lambdas.reduce((sum, v) => sum + (v - mean) ** 2, 0) / lambdas.length;
  expect(mean).toBeCloseTo(0.5, 1);
  expect(variance).toBeCloseTo(1 / (4 * 2.6), 2);
});

test("alpha 0 leaves the batch as it is", () => {
  const images = Float32Array.of(1, 2, 3, 4, 5, 6);
  const mix = drawMix(2, stream(1), 0);
  expect(mix.lambda).toBe(1);
  expect(mixRows(images, mix)).toEqual(images);
});

test("tensors are mixed by their rows", () => {
  const mix = { lambda: 0.75, permutation: Int32Array.of(1, 0) };
  const boxes = tensor(Float32Array.of(0, 4, 8, 0), [2, 2]);
  expect(mixTensors({ boxes }, mix)).toEqual({ boxes: tensor(Float32Array.of(2, 3, 6, 1), [2, 2]) });
  expect(mixTensors({}, mix)).toEqual({});
});

test("values that do not fill the batch are refused", () => {
  expect(() => mixRows(new Float32Array(3), drawMix(2, stream(0), 1))).toThrow("3 values");
});
