import * as ad from "../../src/autodiff/index.ts";

export const vector = (...values: readonly number[]): ad.Tensor =>
  ad.tensor(Float32Array.from(values), [values.length]);

/** A square matrix of small numbers; powers of it neither grow nor vanish quickly. */
export const matrix = (n: number, scale = 1): ad.Tensor =>
  ad.tensor(
    Float32Array.from({ length: n * n }, (_, i) => (scale * Math.sin(i * 0.7)) / Math.sqrt(n / 2)),
    [n, n],
  );

/** A chain of matrix products: `length` times 2 n^3 operations. */
export const heavy = (n: number, length: number) =>
  ad.trace({ a: ad.float32(n, n) }, ({ a }) => {
    let y: ad.Value = a;
    for (let i = 0; i < length; i++) y = ad.tanh(ad.matmul(y, a));
    return { y };
  });

/** Forward and backward pass of a small convolutional network: sums over many elements, in several threads. */
export const network = ad.trace(
  { x: ad.float32(8, 3, 16, 16), w: ad.float32(16, 3, 3, 3), scale: ad.float32(16) },
  ({ x, w, scale }) => {
    const z = ad.channelAffine(ad.conv2d(x, w, undefined, { padding: 1 }), scale, ad.zeros([16]));
    const loss = ad.mean(ad.mul(ad.avgPool2d(ad.relu(z), { kernel: 2 }), ad.sigmoid(ad.avgPool2d(z, { kernel: 2 }))));
    return { loss, g: ad.gradients(loss, { x, w, scale }) };
  },
);

export const networkInputs = () => {
  const filled = (shape: readonly number[], rate: number): ad.Tensor =>
    ad.tensor(
      Float32Array.from({ length: ad.sizeOf(shape) }, (_, i) => Math.sin(i * rate)),
      shape,
    );
  return { x: filled([8, 3, 16, 16], 0.37), w: filled([16, 3, 3, 3], 0.91), scale: filled([16], 1.3) };
};
