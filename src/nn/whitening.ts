// Filters that whiten the patches of images.
import { type Tensor, tensor } from "../autodiff/index.ts";

/** Images that are all in memory, [n, 3, height, width]. */
export interface Images {
  readonly pixels: Float32Array;
  readonly height: number;
  readonly width: number;
}

/** Symmetric d x d numbers, row by row. */
type Square = Float64Array;

/** Covariance of all kernel x kernel patches of some images; a patch is read channel by channel, as a filter is. */
export const patchCovariance = ({ pixels, height, width }: Images, kernel: number): Square => {
  const d = 3 * kernel * kernel;
  const [rows, columns] = [height - kernel + 1, width - kernel + 1];
  const offsets = Array.from({ length: d }, (_, i) => {
    const [channel, y, x] = [Math.floor(i / kernel ** 2), Math.floor(i / kernel) % kernel, i % kernel];
    return (channel * height + y) * width + x;
  });
  const sums = new Float64Array(d);
  const products = new Float64Array(d * d);
  const patch = new Float64Array(d);
  const size = 3 * height * width;
  const images = pixels.length / size;
  for (let image = 0; image < images; image++) {
    for (let y = 0; y < rows; y++) {
      for (let x = 0; x < columns; x++) {
        const at = image * size + y * width + x;
        for (let i = 0; i < d; i++) patch[i] = pixels[at + offsets[i]!]!;
        for (let i = 0; i < d; i++) {
          const value = patch[i]!;
          sums[i]! += value;
          for (let j = 0, row = i * d; j <= i; j++) products[row + j]! += value * patch[j]!;
        }
      }
    }
  }
  const count = images * rows * columns;
  const covariance = new Float64Array(d * d);
  for (let i = 0; i < d; i++) {
    for (let j = 0; j <= i; j++) {
      const value = products[i * d + j]! / count - (sums[i]! / count) * (sums[j]! / count);
      covariance[i * d + j] = value;
      covariance[j * d + i] = value;
    }
  }
  return covariance;
};

/** An eigenvalue of a symmetric matrix and its unit eigenvector. */
export interface Axis {
  readonly variance: number;
  readonly direction: readonly number[];
}

/** Eigenvalues and eigenvectors of a symmetric matrix, largest first, by Jacobi's rotations (Golub & Van Loan, 8.5). */
export const principalAxes = (matrix: Square): Axis[] => {
  const d = Math.sqrt(matrix.length);
  const a = Float64Array.from(matrix);
  const v = Float64Array.from({ length: d * d }, (_, i) => (i % (d + 1) === 0 ? 1 : 0));
  const scale = a.reduce((sum, x) => sum + x * x, 0);
  const offDiagonal = (): number => a.reduce((sum, x, i) => (i % (d + 1) === 0 ? sum : sum + x * x), 0);
  for (let sweep = 0; sweep < 60 && offDiagonal() > 1e-26 * scale; sweep++) {
    for (let p = 0; p < d; p++) {
      for (let q = p + 1; q < d; q++) {
        const apq = a[p * d + q]!;
        if (apq === 0) continue;
        const theta = (a[q * d + q]! - a[p * d + p]!) / (2 * apq);
        const t = (theta < 0 ? -1 : 1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1));
        const c = 1 / Math.sqrt(t * t + 1);
        const s = t * c;
        const rotate = (m: Square, i: number, j: number): void => {
          const [x, y] = [m[i]!, m[j]!];
          m[i] = c * x - s * y;
          m[j] = s * x + c * y;
        };
        for (let k = 0; k < d; k++) rotate(a, k * d + p, k * d + q);
        for (let k = 0; k < d; k++) rotate(a, p * d + k, q * d + k);
        for (let k = 0; k < d; k++) rotate(v, k * d + p, k * d + q);
      }
    }
  }
  return Array.from({ length: d }, (_, i) => {
    const direction = Array.from({ length: d }, (_, k) => v[k * d + i]!);
    // Of the two unit vectors the one whose largest element is positive, so that the result has no accidental sign.
    const largest = direction.reduce((m, x) => (Math.abs(x) > Math.abs(m) ? x : m), 0);
    const sign = largest < 0 ? -1 : 1;
    return { variance: a[i * d + i]!, direction: direction.map((x) => sign * x) };
  }).sort((one, other) => other.variance - one.variance);
};

/**
 * Filters [2 count, 3, kernel, kernel] that whiten the patches of some images: the `count` leading principal axes, each
 * over its standard deviation, then their negatives, so that a rectifier after them loses nothing. `epsilon` is added to the
 * variances: directions with hardly any are not blown up.
 */
export const whiteningFilters = (images: Images, kernel: number, count: number, epsilon = 5e-4): Tensor => {
  const d = 3 * kernel * kernel;
  const axes = principalAxes(patchCovariance(images, kernel)).slice(0, count);
  const rows = axes.flatMap(({ variance, direction }) => {
    const inverse = 1 / Math.sqrt(Math.max(0, variance) + epsilon);
    return direction.map((x) => x * inverse);
  });
  return tensor(Float32Array.from([...rows, ...rows.map((x) => -x)]), [
    2 * axes.length,
    d / kernel ** 2,
    kernel,
    kernel,
  ]);
};
