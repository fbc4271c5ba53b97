import { describe, expect, test } from "vitest";
import { type Images, patchCovariance, principalAxes, whiteningFilters } from "../../src/nn/whitening.ts";
import { stream } from "../../src/support/random.ts";
import { floats } from "../autodiff/draw.ts";

/** Images whose neighbouring pixels and channels go together, as natural ones do, around a mean that is not 0. */
const smooth = (n: number, height: number, width: number): Images => {
  const random = stream(4, "whitening");
  const pixels = new Float32Array(n * 3 * height * width);
  for (let image = 0; image < n; image++) {
    const [a, b, shade] = [random.normal(), random.normal(), random.normal()];
    for (let c = 0; c < 3; c++) {
      for (let y = 0; y < height; y++) {
        for (let x = 0; x < width; x++) {
          pixels[((image * 3 + c) * height + y) * width + x] =
            0.7 + shade + 0.2 * c * a + 0.1 * (a * x + b * y) + 0.3 * random.normal();
        }
      }
    }
  }
  return { pixels, height, width };
};

/** Every patch of the images under every filter, [patches][filters]. */
const responses = (
  { pixels, height, width }: Images,
  filters: Float32Array,
  outputs: number,
  k: number,
): number[][] => {
  const d = 3 * k * k;
  const rows: number[][] = [];
  for (let image = 0; image < pixels.length / (3 * height * width); image++) {
    for (let y = 0; y + k <= height; y++) {
      for (let x = 0; x + k <= width; x++) {
        rows.push(
          Array.from({ length: outputs }, (_, o) => {
            let sum = 0;
            for (let i = 0; i < d; i++) {
              const [c, dy, dx] = [Math.floor(i / (k * k)), Math.floor(i / k) % k, i % k];
              sum += filters[o * d + i]! * pixels[((image * 3 + c) * height + y + dy) * width + x + dx]!;
            }
            return sum;
          }),
        );
      }
    }
  }
  return rows;
};

const covarianceOf = (rows: readonly (readonly number[])[]): number[][] => {
  const d = rows[0]!.length;
  const means = Array.from({ length: d }, (_, i) => rows.reduce((sum, row) => sum + row[i]!, 0) / rows.length);
  return Array.from({ length: d }, (_, i) =>
    Array.from(
      { length: d },
      (_, j) => rows.reduce((sum, row) => sum + (row[i]! - means[i]!) * (row[j]! - means[j]!), 0) / rows.length,
    ),
  );
};

describe("whiteningFilters", () => {
  test.each([
    [2, 12],
    [3, 16],
  ])("%i x %i patches: the covariance of the responses is the identity on the images it came from", (kernel, count) => {
    const images = smooth(20, 7, 6);
    const filters = whiteningFilters(images, kernel, count, 0);
    expect(filters.shape).toEqual([2 * count, 3, kernel, kernel]);
    covarianceOf(responses(images, floats(filters), count, kernel)).forEach((row, i) => {
      row.forEach((value, j) => {
        expect(value, `${i}, ${j}`).toBeCloseTo(i === j ? 1 : 0, 4);
      });
    });
  });

  test("the second half is the first's negative", () => {
    const data = floats(whiteningFilters(smooth(5, 6, 6), 3, 16));
    const half = data.length / 2;
    for (let i = 0; i < half; i++) expect(data[half + i]).toBe(-data[i]!);
  });

  test("an image without any variation gives finite filters", () => {
    const flat = { pixels: new Float32Array(3 * 25).fill(0.5), height: 5, width: 5 };
    expect(floats(whiteningFilters(flat, 3, 16)).every(Number.isFinite)).toBe(true);
  });

  test("more axes than a patch has are not to be had", () => {
    expect(whiteningFilters(smooth(3, 5, 5), 2, 40).shape).toEqual([24, 3, 2, 2]);
  });
});

test("patchCovariance agrees with the definition", () => {
  const images = smooth(4, 5, 6);
  const identity = Float32Array.from({ length: 27 * 27 }, (_, i) => Number(i % 28 === 0));
  const expected = covarianceOf(responses(images, identity, 27, 3)).flat();
  const actual = patchCovariance(images, 3);
  expected.forEach((value, i) => {
    expect(actual[i]).toBeCloseTo(value, 9);
  });
});

describe("principalAxes", () => {
  test("of a known matrix", () => {
    const [first, second] = principalAxes(Float64Array.of(2, 1, 1, 2));
    expect(first!.variance).toBeCloseTo(3, 12);
    expect(second!.variance).toBeCloseTo(1, 12);
    expect(first!.direction.map((x) => x * Math.SQRT2).map((x) => Math.round(x * 1e9) / 1e9)).toEqual([1, 1]);
  });

  test("A v = lambda v, orthonormal, largest first, also with equal eigenvalues and rank 1", () => {
    const random = stream(2, "axes");
    const d = 9;
    const symmetric = new Float64Array(d * d);
    for (let i = 0; i < d; i++)
      for (let j = 0; j <= i; j++) symmetric[i * d + j] = symmetric[j * d + i] = random.normal();
    const ones = new Float64Array(d * d).fill(1);
    const identity = Float64Array.from({ length: d * d }, (_, i) => Number(i % (d + 1) === 0));
    for (const matrix of [symmetric, ones, identity]) {
      const axes = principalAxes(matrix);
      axes.forEach(({ variance, direction }, k) => {
        if (k > 0) expect(variance).toBeLessThanOrEqual(axes[k - 1]!.variance);
        for (let i = 0; i < d; i++) {
          const product = direction.reduce((sum, x, j) => sum + matrix[i * d + j]! * x, 0);
          expect(product).toBeCloseTo(variance * direction[i]!, 9);
        }
        axes.forEach((other, m) => {
          const dot = direction.reduce((sum, x, i) => sum + x * other.direction[i]!, 0);
          expect(dot).toBeCloseTo(m === k ? 1 : 0, 9);
        });
      });
    }
  });
});
