// Matrix products with broadcast leading axes.
import { broadcast, expectFloat, shapeError } from "../shapes.ts";
import { apply, defineOp, type Value } from "../value.ts";

type MatmulAttributes = { transposeA: boolean; transposeB: boolean };

const swap = (shape: readonly number[]): number[] => [...shape.slice(0, -2), shape.at(-1)!, shape.at(-2)!];

export const matmulOp = defineOp<MatmulAttributes, readonly [a: Value, b: Value]>({
  name: "matmul",
  infer: ([a, b], { transposeA, transposeB }) => {
    expectFloat("matmul", a, b);
    if (a.shape.length < 2 || b.shape.length < 2)
      throw shapeError("matmul", `[${a.shape}] x [${b.shape}]: both need rank 2 or more`);
    const p = transposeA ? swap(a.shape) : a.shape;
    const q = transposeB ? swap(b.shape) : b.shape;
    if (p.at(-1) !== q.at(-2))
      throw shapeError("matmul", `[${p}] x [${q}]: inner sizes ${p.at(-1)} and ${q.at(-2)} differ`);
    return { dtype: "float32", shape: [...broadcast("matmul", p.slice(0, -2), q.slice(0, -2)), p.at(-2)!, q.at(-1)!] };
  },
  // With A' = A or its transpose (B' likewise): dA' = dY B'^T, dB' = A'^T dY; transposing back is a matter of flags.
  vjp: (dy, { inputs: [a, b], attributes: { transposeA: ta, transposeB: tb } }) => [
    ta ? matmul(b, dy, { transposeA: tb, transposeB: true }) : matmul(dy, b, { transposeB: !tb }),
    tb ? matmul(dy, a, { transposeA: true, transposeB: ta }) : matmul(a, dy, { transposeA: !ta }),
  ],
  lower: (onnx, [a, b], { attributes: { transposeA, transposeB }, inputs: [ta, tb] }) => {
    if (ta.shape.length === 2 && tb.shape.length === 2) {
      return onnx.node("Gemm", [a, b], { transA: transposeA ? 1 : 0, transB: transposeB ? 1 : 0 });
    }
    const turned = (name: string, turn: boolean, rank: number): string =>
      turn ? onnx.node("Transpose", [name], { perm: swap(Array.from({ length: rank }, (_, i) => i)) }) : name;
    return onnx.node("MatMul", [turned(a, transposeA, ta.shape.length), turned(b, transposeB, tb.shape.length)]);
  },
  samples: [
    {
      shapes: [
        [3, 4],
        [4, 5],
      ],
      attributes: { transposeA: false, transposeB: false },
    },
    {
      shapes: [
        [4, 3],
        [5, 4],
      ],
      attributes: { transposeA: true, transposeB: true },
    },
    {
      shapes: [
        [2, 3, 4],
        [2, 5, 4],
      ],
      attributes: { transposeA: false, transposeB: true },
    },
    {
      shapes: [
        [2, 1, 4, 3],
        [3, 4, 2],
      ],
      attributes: { transposeA: true, transposeB: false },
    },
  ],
});

/** Matrix product over the last two axes, leading axes broadcast; either side may be read transposed. */
export const matmul = (
  a: Value,
  b: Value,
  { transposeA = false, transposeB = false }: Partial<MatmulAttributes> = {},
): Value => apply(matmulOp, [a, b], { transposeA, transposeB });
