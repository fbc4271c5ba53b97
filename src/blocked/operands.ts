import { reshape } from "../autodiff/ops/movement.ts";
import { sizeOf } from "../autodiff/types.ts";
import { apply, type Value } from "../autodiff/value.ts";
import type { Layout } from "./layout.ts";
import { blockImageOp } from "./ops.ts";

/**
 * An operand that is stretched along some axes to the plain shape `to`, as it must lie to be stretched along the same axes
 * of the blocked tensor; undefined where that would take more than a look from another side.
 */
export const stretched = (x: Value, to: readonly number[], layout: Layout, block: number): Value | undefined => {
  if (sizeOf(x.shape) === 1) return reshape(x, []);
  const shape = [...Array.from({ length: to.length - x.shape.length }, () => 1), ...x.shape] as number[];
  const [first, second, rows, columns] = shape as [number, number, number, number];
  if (layout === "image") {
    if (second === 1) return reshape(x, [first, 1, rows, columns, 1]);
    if (second !== to[1]) return undefined;
    // One place: the channels are in order already.
    if (rows * columns === 1) return reshape(x, [first, second / block, 1, 1, block]);
    return apply(blockImageOp, [reshape(x, shape)], { block });
  }
  if (layout === "rows") {
    if (first === 1) return reshape(x, [1, second, rows, columns, 1]);
    return second * rows * columns === 1 ? reshape(x, [first / block, 1, 1, 1, block]) : undefined;
  }
  if (rows * columns !== 1 || (first !== 1 && second !== 1)) return undefined;
  return first !== 1 ? reshape(x, [first / block, 1, 1, 1, 1, block]) : reshape(x, [1, second / block, 1, 1, block, 1]);
};
