// Multi-formation (IDC, arXiv 2205.14959): f x f images at 1/f of the size in the values of one, enlarged bilinearly.
import { constant, matmul, type Value } from "../../autodiff/index.ts";
import { mixAt, type Size, tapsOf } from "../../data/augment/resized-crop.ts";
import { axis } from "../../data/augment/view.ts";
import { DistilleryError } from "../../support/errors.ts";
import type { Parametrisation } from "./parametrisation.ts";

/** [to, from]: the rows of an axis enlarged bilinearly, as torch's interpolate does with align_corners=False. */
const enlarging = (from: number, to: number): Value => {
  const taps = tapsOf(0, from, to);
  return constant(axis(to, (i) => mixAt(taps, i), from));
};

/** Means of f x f pixels, rounded: [n, 3, H, W] to [n, 3, H / f, W / f]. */
const shrink = (pixels: Uint8Array, { height, width }: Size, f: number): Uint8Array => {
  const [h, w] = [height / f, width / f];
  return Uint8Array.from({ length: pixels.length / (f * f) }, (_, at) => {
    const [plane, y, x] = [Math.floor(at / (h * w)), Math.floor(at / w) % h, at % w];
    let sum = 0;
    for (let dy = 0; dy < f; dy++) {
      for (let dx = 0; dx < f; dx++) sum += pixels[(plane * height + y * f + dy) * width + x * f + dx]!;
    }
    return Math.round(sum / (f * f));
  });
};

/** f x f images for one. */
export const formation = (f: number): Parametrisation => ({
  kind: `formation${f}`,
  about: `${f} x ${f} images at 1/${f} of the size for one`,
  perImage: f * f,
  stored: ({ height, width }) => {
    if (height % f === 0 && width % f === 0) return { height: height / f, width: width / f };
    throw new DistilleryError(
      "RECIPE",
      `storage formation${f}: images of ${height}x${width} do not divide into ${f} x ${f}; use sides that are multiples of ${f}, which --resize makes, or another storage`,
    );
  },
  encode: (pixels, image) => shrink(pixels, image, f),
  decode: (stored, { height, width }) => {
    const [h, w] = [stored.shape[2]!, stored.shape[3]!];
    const rows = enlarging(h, height);
    // One matrix for both axes of a square image: decode.onnx holds it once.
    const columns = width === height ? rows : enlarging(w, width);
    return matmul(rows, matmul(stored, columns, { transposeB: true }));
  },
});
