// ONNX nodes for a convolution's filter gradient.
import type { OnnxWriter } from "../../onnx-writer.ts";
import { sizes } from "../../shapes.ts";
import type { LoweringContext, Value } from "../../value.ts";
import type { Convolution } from "./settings.ts";

type Context = LoweringContext<Convolution & { readonly shape: readonly number[] }, readonly [x: Value, dy: Value]>;

/** The phase of the image that each tap reads (row index modulo stride), and its shift in rows of that phase. */
export const tapsOf = (kernel: number, stride: number, dilation: number, padding: number) =>
  Array.from({ length: kernel }, (_, k) => {
    const at = k * dilation - padding;
    const phase = ((at % stride) + stride) % stride;
    return { phase, shift: (at - phase) / stride };
  });

/** Up to so many rows (channels times taps) are cheaper copied side by side than multiplied tap by tap. */
const fewRows = 160;

/** Each distinct key computed once. */
const memo = (make: (a: number, b: number) => string) => {
  const made = new Map<string, string>();
  return (a: number, b: number): string => {
    const key = `${a},${b}`;
    const name = made.get(key) ?? make(a, b);
    made.set(key, name);
    return name;
  };
};

/**
 * dw[k, c, i, j] = sum over n, h, w of dy[n, k, h, w] x[n, c, s h + d i - p, s w + d j - p], as one matrix product a tap
 * over tensors laid out [channels, N H W]. The image is split into its s x s phases by one transposition. Within a phase a
 * tap is a shift: columns are shifted on the image side, rows (the other way) on the cotangent side, so that a 3 x 3
 * kernel needs three copies of each instead of nine of one. Zeros that enter at the edges are the padding.
 */
export const lowerFilterGradient = (onnx: OnnxWriter, [x, dy]: readonly [string, string], context: Context): string => {
  const {
    attributes: c,
    inputs: [xType, dyType],
  } = context;
  const [n, channels, height, width] = sizes(xType.shape, 4);
  const [, k, ho, wo] = sizes(dyType.shape, 4);
  const [, , kh, kw] = sizes(c.shape, 4);
  const [sy, sx] = c.stride;
  const g = c.groups;
  const [hq, wq] = [Math.max(ho, Math.ceil(height / sy)), Math.max(wo, Math.ceil(width / sx))];
  const positions = n * hq * wq;

  const padTo = (name: string, h: number, w: number, toH: number, toW: number): string =>
    h === toH && w === toW ? name : onnx.node("Pad", [name, onnx.ints([0, 0, 0, 0, 0, 0, toH - h, toW - w])]);
  /** [M, L] shifted along L with zeros entering: result[l] = x[l - by]. */
  const shifted = (name: string, rows: number, length: number, by: number): string => {
    if (by === 0) return name;
    return Math.abs(by) >= length ? onnx.fill(0, [rows, length]) : onnx.node("Pad", [name, onnx.ints([0, by, 0, -by])]);
  };

  const xPadded = padTo(x, height, width, hq * sy, wq * sx);
  const phases =
    sy * sx === 1
      ? [
          onnx.node("Transpose", [onnx.reshape(xPadded, [n, channels, hq * wq])], {
            perm: [1, 0, 2],
          }),
        ]
      : onnx.nodes(
          "Split",
          [
            onnx.reshape(
              onnx.node("Transpose", [onnx.reshape(xPadded, [n, channels, hq, sy, wq, sx])], {
                perm: [3, 5, 1, 0, 2, 4],
              }),
              [sy * sx, channels * n * hq * wq],
            ),
          ],
          { axis: 0, num_outputs: sy * sx },
          sy * sx,
        );
  const cotangent = onnx.node("Transpose", [onnx.reshape(padTo(dy, ho, wo, hq, wq), [n, k, hq * wq])], {
    perm: [1, 0, 2],
  });

  const matrix = (name: string, rows: number): string =>
    onnx.reshape(name, g === 1 ? [rows, positions] : [g, rows / g, positions]);
  const imageAt = memo((phase, shift) =>
    matrix(shifted(onnx.reshape(phases[phase]!, [channels * n * hq, wq]), channels * n * hq, wq, -shift), channels),
  );
  const imageTurned = memo((phase, shift) => onnx.node("Transpose", [imageAt(phase, shift)], { perm: [0, 2, 1] }));
  const cotangentAt = memo((shift) =>
    matrix(shifted(onnx.reshape(cotangent, [k * n, hq * wq]), k * n, hq * wq, shift * wq), k),
  );

  const rowTaps = tapsOf(kh, sy, c.dilation[0], c.padding[0]);
  const columnTaps = tapsOf(kw, sx, c.dilation[1], c.padding[1]);

  // Few channels (an image, not features): all shifts on the image's side and one product with all taps side by side.
  if (g === 1 && channels * kh * kw <= fewRows) {
    const columns = rowTaps.flatMap((row) =>
      columnTaps.map((column) => {
        const across = shifted(
          onnx.reshape(phases[row.phase * sx + column.phase]!, [channels * n * hq, wq]),
          channels * n * hq,
          wq,
          -column.shift,
        );
        const down = shifted(onnx.reshape(across, [channels * n, hq * wq]), channels * n, hq * wq, -row.shift * wq);
        return onnx.reshape(down, [channels, positions]);
      }),
    );
    const product = onnx.node("Gemm", [cotangentAt(0, 0), onnx.node("Concat", columns, { axis: 0 })], { transB: 1 });
    const apart = onnx.reshape(product, [k, kh * kw, channels]);
    return onnx.reshape(onnx.node("Transpose", [apart], { perm: [0, 2, 1] }), c.shape);
  }

  const products = rowTaps.flatMap((row) =>
    columnTaps.map((column) => {
      const phase = row.phase * sx + column.phase;
      const left = cotangentAt(row.shift, 0);
      return g === 1
        ? onnx.node("Gemm", [left, imageAt(phase, column.shift)], { transB: 1 })
        : onnx.node("MatMul", [left, imageTurned(phase, column.shift)]);
    }),
  );
  if (products.length === 1) return onnx.reshape(products[0]!, c.shape);
  const stacked = onnx.reshape(onnx.node("Concat", products, { axis: 0 }), [kh * kw, k * (channels / g)]);
  return onnx.reshape(onnx.node("Transpose", [stacked], { perm: [1, 0] }), c.shape);
};
