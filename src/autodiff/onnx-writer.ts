// The interface through which operators write themselves as ONNX nodes.

/** An ONNX attribute: whole numbers are INT, `{ float }` FLOAT, arrays INTS, `{ floats }` FLOATS, words STRING. */
export type OnnxAttribute =
  | number
  | string
  | readonly number[]
  | { readonly float: number }
  | { readonly floats: readonly number[] };

/** Adds ONNX nodes and constants for an operator. Names are opaque. */
export interface OnnxWriter {
  /**
   * Adds a node with one output and returns its name; an empty input name means an omitted optional input. Operators are
   * the standard ones, or `domain::Operator` of another domain at its version 1.
   */
  node(opType: string, inputs: readonly string[], attributes?: { readonly [name: string]: OnnxAttribute }): string;
  /** Adds a node with several outputs. */
  nodes(
    opType: string,
    inputs: readonly string[],
    attributes: { readonly [name: string]: OnnxAttribute },
    outputs: number,
  ): string[];
  /**
   * The same elements under another shape. Chains of reshapes become one, and one that leads back to a shape that is known
   * (`from`: the shape of `x`) becomes none.
   */
  reshape(x: string, to: readonly number[], from?: readonly number[]): string;
  /** The part with this index, of so many equal parts along an axis; all parts of `x` come of one Split. */
  part(x: string, axis: number, index: number, parts: number): string;
  /** A constant list of int64 (shapes, axes, pads); equal lists share one constant. */
  ints(values: readonly number[]): string;
  /** A float32 constant; a shape of [] is a scalar. */
  floats(data: Float32Array, shape: readonly number[]): string;
  /** A float32 constant with one value everywhere; equal ones share one constant. */
  fill(value: number, shape: readonly number[]): string;
  /** An int64 tensor constant. */
  longs(data: BigInt64Array, shape: readonly number[]): string;
}
