// Random brightness, saturation and contrast, as part of a traced step.
import {
  add,
  float32,
  mean,
  mul,
  reshape,
  slice,
  sub,
  type Tensor,
  type TensorType,
  tensor,
  type Value,
} from "../../autodiff/index.ts";
import type { Random } from "../../support/random.ts";

/** Brightness, saturation and contrast of a batch, the same for all of its images: [3]. */
export const colourType: TensorType = float32(3);

/**
 * A random colouring as in DSA (Zhao & Bilen, ICML 2021, arXiv 2102.08259), which DM takes over: brightness in [-.5, .5) in
 * normalised space, saturation in [0, 2), contrast in [.5, 1.5).
 */
export const drawColour = (random: Random): Tensor =>
  tensor(Float32Array.of(random.float() - 0.5, 2 * random.float(), 0.5 + random.float()), [3]);

/**
 * Normalised images [N, 3, H, W], each moved by the brightness, then away from its grey image by the saturation, then away
 * from its mean by the contrast.
 */
export const recolour = (images: Value, colour: Value): Value => {
  const setting = (at: number): Value => reshape(slice(colour, 0, at, at + 1), [1, 1, 1, 1]);
  const stretched = (x: Value, axes: readonly number[], by: Value): Value => {
    const middle = mean(x, axes, true);
    return add(mul(sub(x, middle), by), middle);
  };
  const bright = add(images, setting(0));
  return stretched(stretched(bright, [1], setting(1)), [1, 2, 3], setting(2));
};
