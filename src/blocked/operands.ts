// Broadcast operands, laid out for blocked arithmetic.
import { reshape } from "../autodiff/ops/movement.ts";
import { sizes } from "../autodiff/shapes.ts";
import { sizeOf } from "../autodiff/types.ts";
import type { Value } from "../autodiff/value.ts";
import { type Layout, padToBlocks } from "./layout.ts";
import { blockImage } from "./ops.ts";

/** The last axis of x, channels, padded to whole blocks, under the shape that the number of blocks gives. */
const inBlocks = (x: Value, block: number, shapeOf: (blocks: number) => number[]): Value => {
  const whole = padToBlocks(x, x.shape.length - 1, block);
  return reshape(whole, shapeOf(whole.shape.at(-1)! / block));
};

/**
 * An operand that is stretched along some axes to the plain shape `to`, as it must lie to be stretched along the same axes
 * of the blocked tensor; undefined where that would take more than a look from another side.
 */
export const stretched = (x: Value, to: readonly number[], layout: Layout, block: number): Value | undefined => {
  if (sizeOf(x.shape) === 1) return reshape(x, []);
  const shape = [...Array.from({ length: to.length - x.shape.length }, () => 1), ...x.shape];
  const [first, second, rows, columns] = sizes(shape, 4);
  if (layout === "image") {
    if (second === 1) return reshape(x, [first, 1, rows, columns, 1]);
    if (second !== to[1]) return undefined;
    // One place: the channels are in order already.
    if (rows * columns === 1) return inBlocks(reshape(x, [first, second]), block, (n) => [first, n, 1, 1, block]);
    return blockImage(reshape(x, shape), block);
  }
  if (layout === "rows") {
    if (first === 1) return reshape(x, [1, second, rows, columns, 1]);
    return second * rows * columns === 1 ? inBlocks(reshape(x, [first]), block, (n) => [n, 1, 1, 1, block]) : undefined;
  }
  if (rows * columns !== 1 || (first !== 1 && second !== 1)) return undefined;
  return first !== 1
    ? inBlocks(reshape(x, [first]), block, (n) => [n, 1, 1, 1, 1, block])
    : inBlocks(reshape(x, [second]), block, (n) => [1, n, 1, 1, block, 1]);
};
