// Running images of any number through a network of a fixed batch.

/** Images of a batch, numbers of an image, numbers of its row in the result. */
export interface BatchSizes {
  readonly batch: number;
  readonly pixels: number;
  readonly size: number;
}

/** Rows [n, size] of images [n, pixels], `batch` at a time; the last batch is filled up with zeros. */
export const inBatches = async (
  images: Float32Array,
  { batch, pixels, size }: BatchSizes,
  run: (images: Float32Array) => Promise<Float32Array>,
): Promise<Float32Array> => {
  const n = images.length / pixels;
  const out = new Float32Array(n * size);
  for (let from = 0; from < n; from += batch) {
    const count = Math.min(batch, n - from);
    const padded = new Float32Array(batch * pixels);
    padded.set(images.subarray(from * pixels, (from + count) * pixels));
    out.set((await run(padded)).subarray(0, count * size), from * size);
  }
  return out;
};
