// Matrix products.
import { add, matmul, mul, reshape, sizeOf, type Value } from "../../autodiff/index.ts";
import { lacking, type Operator, scalar, valueAt } from "../operator.ts";

export const linear: readonly Operator[] = [
  {
    name: "Gemm",
    learns: ({ node, shape }) => {
      const matrix = shape(1);
      if (matrix === undefined) return {};
      const start = { kind: "uniform", fanIn: matrix[node.attributes.transB === 1 ? 1 : 0]! } as const;
      return { 1: start, ...(shape(2) && { 2: start }) };
    },
    read: (call) => {
      const [a, b] = [valueAt(call, 0), valueAt(call, 1)];
      const transposed = { transposeA: scalar(call, "transA", 0) === 1, transposeB: scalar(call, "transB", 0) === 1 };
      const times = (x: Value, by: string): Value => {
        const factor = scalar(call, by, 1);
        return factor === 1 ? x : mul(x, factor);
      };
      const product = times(matmul(a, b, transposed), "alpha");
      return call.inputs[2] === undefined ? product : add(product, times(valueAt(call, 2), "beta"));
    },
  },
  {
    name: "MatMul",
    learns: ({ shape }) => {
      const matrix = shape(1);
      return matrix?.length === 2 ? { 1: { kind: "uniform", fanIn: matrix[0]! } } : {};
    },
    read: (call) => {
      const [a, b] = [valueAt(call, 0), valueAt(call, 1)];
      if (a.shape.length < 2 || b.shape.length < 2) return lacking(call, "of a list");
      // One matrix for all that comes before it: rows of many axes as rows of one.
      if (b.shape.length > 2 || a.shape.length === 2) return matmul(a, b);
      const inner = a.shape.at(-1)!;
      const flat = reshape(a, [sizeOf(a.shape.slice(0, -1)), inner]);
      return reshape(matmul(flat, b), [...a.shape.slice(0, -1), b.shape[1]!]);
    },
  },
];
