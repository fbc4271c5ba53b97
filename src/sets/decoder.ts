// The graphs that rebuild training images: of items that were gathered, and decode.onnx of whole tensors and rows.
import {
  add,
  float32,
  gather,
  int64,
  padAxis,
  plus,
  quotient,
  remainder,
  reshape,
  simplify,
  slice,
  type TensorType,
  type Traced,
  times,
  trace,
  transpose,
  type Value,
} from "../autodiff/index.ts";
import type { Named } from "../nn/layers.ts";
import { encodeModel } from "../onnx/encode.ts";
import type { Layout } from "./layout.ts";

/** Types of n stored bases and, where the set has such, n compensators. */
const itemTypes = ({ stored, image, compensators }: Layout, n: number): Record<string, TensorType> => ({
  bases: float32(n, 3, stored.height, stored.width),
  ...(compensators > 0 && { compensators: float32(n, 3, image.height, image.width) }),
});

/** Images of n rows from the bases and compensators of each. */
export const traceDecode = (layout: Layout, n: number) =>
  trace(itemTypes(layout, n), ({ bases, compensators }) => ({
    images: layout.decode({ bases: bases!, ...(compensators && { compensators }) }),
  }));

/**
 * Compensators added to n rows, from all compensators [K V + U C, 3, H, W]. Zeros stand for none: what base sets share is
 * picked from (1 + V + U) K planes by the row's v K + k, what classes have of their own from (1 + V + U) C planes by its v C +
 * c.
 */
const addedTo = (layout: Layout, compensators: Value, rows: Value): Value => {
  const { bases: K, perBase: V, perClass: U, classes: C, image } = layout;
  const plane = [3, image.height, image.width];
  const terms: Value[] = [];
  if (V > 0) {
    const shared = slice(compensators, 0, 0, K * V);
    const byTurn = transpose(reshape(shared, [K, V, ...plane]), [1, 0, 2, 3, 4]);
    terms.push(gather(padAxis(reshape(byTurn, [V * K, ...plane]), 0, K, U * K), quotient(rows, C), 0));
  }
  if (U > 0) {
    const own = slice(compensators, 0, K * V, K * V + U * C);
    const at = plus(times(quotient(rows, K * C), C), remainder(rows, C));
    terms.push(gather(padAxis(own, 0, (1 + V) * C, 0), at, 0));
  }
  return terms.reduce(add);
};

/**
 * Images [n, 3, H, W] of n rows from all that a set stores: bases [K C, 3, h, w] and compensators [K V + U C, 3, H, W],
 * normalised. This is the graph of a set's decode.onnx.
 */
const traceDecoder = (layout: Layout, n: number): Traced<Record<string, TensorType>, { images: TensorType }> => {
  const { bases: K, compensators, classes: C, stored, image } = layout;
  const inputs = {
    bases: float32(K * C, 3, stored.height, stored.width),
    ...(compensators > 0 && { compensators: float32(compensators, 3, image.height, image.width) }),
    rows: int64(n),
  };
  return trace(inputs, (given: Named<Value>) => {
    const rows = given.rows!;
    const bases = gather(given.bases!, remainder(rows, K * C), 0);
    if (compensators === 0) return { images: layout.decode({ bases }) };
    return { images: layout.decode({ bases, compensators: addedTo(layout, given.compensators!, rows) }) };
  });
};

/** Rows that a decoder takes at once: a divisor of all rows, so that none is left over. */
const rowsAtOnce = ({ labelled }: Layout): number =>
  Array.from({ length: Math.min(128, labelled) }, (_, i) => i + 1).findLast((n) => labelled % n === 0)!;

/**
 * decode.onnx: `images` of `rows` [n], for the n that the file asks for, from all `bases` [K C, 3, h, w], normalised, and all
 * `compensators` [K V + U C, 3, H, W]; standard operators, so that any ONNX runtime rebuilds the images.
 * It says the rule in words too, as the manifest's `decoding`.
 */
export const decoderOf = (layout: Layout, decoding: string): Uint8Array => {
  const { graph, inputs } = traceDecoder(layout, rowsAtOnce(layout));
  return encodeModel(simplify(graph), {
    inputs: Object.keys(inputs),
    outputs: ["images"],
    metadata: { decoding },
  }).bytes;
};
