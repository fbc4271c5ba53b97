// A rule for GPUs that adds rows back to their places by a product with zeros and ones.
import { gather, scatterAddOp } from "../ops/gather.ts";
import { constant } from "../ops/leaves.ts";
import { matmul } from "../ops/matmul.ts";
import { reshape } from "../ops/movement.ts";
import { sizeOf, tensor } from "../types.ts";
import { on, type Rewrite } from "./rewrite.ts";

/** Places up to which the product is worth it: their identity matrix takes 4 MB. */
const mostPlaces = 1024;

/** [size, size] */
const identity = (size: number) =>
  constant(
    tensor(
      Float32Array.from({ length: size * size }, (_, i) => (i % (size + 1) === 0 ? 1 : 0)),
      [size, size],
    ),
  );

/**
 * ScatterElements wants one index an element: 8 bytes for each, which for WebGPU are expanded on the host and sent over in
 * every step, and sums in whatever order its threads come. Here n numbers are sent, and the order is always the same.
 */
export const scatterByProduct: Rewrite = on(scatterAddOp, "scatterAdd by product", (v) => {
  const [x, indices] = v.inputs;
  const { axis, size } = v.attributes;
  if (size > mostPlaces || x.dtype !== "float32") return undefined;
  const [before, after] = [sizeOf(x.shape.slice(0, axis)), sizeOf(x.shape.slice(axis + 1))];
  const n = x.shape[axis]!;
  const places = gather(identity(size), indices, 0); // [n, size]
  const sums =
    after === 1
      ? matmul(reshape(x, [before, n]), places)
      : matmul(places, reshape(x, before === 1 ? [n, after] : [before, n, after]), { transposeA: true });
  return reshape(sums, v.shape);
});
