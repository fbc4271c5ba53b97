import type { OnnxWriter } from "./onnx-writer.ts";
import type { DType, TensorType } from "./types.ts";

/** What an operator needs to know besides its inputs. Plain data: it is compared, printed and hashed. */
export type Attributes = { readonly [key: string]: AttributeValue };
export type AttributeValue = number | string | boolean | readonly number[] | Float32Array | BigInt64Array | undefined;

/** A sample on which the tests run an operator: how its inputs are drawn, and its attributes. */
export interface Sample<A> {
  readonly shapes: readonly (readonly number[])[];
  readonly attributes?: A;
  /** Range of uniformly drawn inputs, [-1, 1] by default; for operators with a restricted domain or kinks. */
  readonly range?: readonly [number, number];
  /** Inputs that are indices: position -> number of rows they index. */
  readonly indices?: { readonly [input: number]: number };
}

/** One operator, complete in one place. */
export interface Op<A extends Attributes = Attributes> {
  readonly name: string;
  /** Result type from the input types; throws a SHAPE error that names the operator and the shapes. */
  infer(inputs: readonly TensorType[], attributes: A): TensorType;
  /**
   * Cotangents of the inputs from the cotangent of the output (reverse rule), as ordinary values. `undefined` where the
   * derivative is zero everywhere or the input is an index. A cotangent may still have the output's broadcast shape.
   */
  vjp(
    dy: Value,
    at: { readonly inputs: readonly Value[]; readonly y: Value; readonly attributes: A },
  ): readonly (Value | undefined)[];
  /** Emits ONNX nodes and returns the name of the result. */
  lower(onnx: OnnxWriter, inputs: readonly string[], at: LoweringContext<A>): string;
  /** The operator on plain numbers, for elementwise operators: lets uniform constants be folded. */
  readonly scalar?: (...inputs: number[]) => number;
  readonly samples: readonly Sample<A>[];
}

export interface LoweringContext<A> {
  readonly attributes: A;
  readonly inputs: readonly TensorType[];
  readonly output: TensorType;
}

/** A node of a graph: the result of an operator applied to other values. Immutable. */
export class Value implements TensorType {
  readonly op: Op;
  readonly inputs: readonly Value[];
  readonly attributes: Attributes;
  readonly dtype: DType;
  readonly shape: readonly number[];
  constructor(op: Op, inputs: readonly Value[], attributes: Attributes) {
    const type = op.infer(inputs, attributes);
    this.op = op;
    this.inputs = inputs;
    this.attributes = attributes;
    this.dtype = type.dtype;
    this.shape = type.shape;
  }
}

/** Declares an operator. The attributes' type is checked here and erased for the walkers over graphs. */
export const defineOp = <A extends Attributes>(op: Op<A>): Op => op as unknown as Op;

/** Applies an operator. */
export const apply = (op: Op, inputs: readonly Value[], attributes: Attributes = {}): Value =>
  new Value(op, inputs, attributes);
