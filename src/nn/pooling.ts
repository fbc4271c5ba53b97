// A fast 2 x 2 max pool.
import { avgPool2d, div, equal, maxPool2d, mul, sizes, slice, upsample2d, type Value } from "../autodiff/index.ts";

/**
 * Largest of every 2 x 2 places; an odd last row or column is left out. Equal largest places share the gradient, where
 * `maxPool2d` gives it to the first of them: the same but for ties, and three passes over the image instead of a dozen.
 *
 *   y = mean(x hit) / mean(hit),  hit = [x = max x], without a derivative of its own
 */
export const maxPool2x2 = (x: Value): Value => {
  const [, , h, w] = sizes(x.shape, 4);
  const whole = slice(slice(x, 2, 0, h - (h % 2), 1), 3, 0, w - (w % 2), 1);
  const hit = equal(whole, upsample2d(maxPool2d(whole, { kernel: 2 }), 2));
  return div(avgPool2d(mul(whole, hit), { kernel: 2 }), avgPool2d(hit, { kernel: 2 }));
};
