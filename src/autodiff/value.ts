// Values, the nodes of a graph, and the operators that make them.
import type { OnnxWriter } from "./onnx-writer.ts";
import type { DType, TensorType } from "./types.ts";

/** Settings of an operator besides its inputs. Plain data: it is compared, printed and hashed. */
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

/** An operator's inputs as a tuple, such as `[x: Value, w: Value, ...bias: Value[]]`, or `readonly Value[]` for any number. */
export type Operands = readonly Value[];

/** The same for what stands for each of them: its type, its name in a file. */
type Each<I extends Operands, T> = { readonly [K in keyof I]: T };

/**
 * One operator, complete in one place. Every `Op<A, I>` is also an `Op`, which walkers over graphs call without knowing
 * its attributes and inputs: methods are compared leniently, and a value has only what `apply` took for its operator.
 */
export interface Op<A extends Attributes = Attributes, I extends Operands = Operands> {
  readonly name: string;
  /** Result type from the input types; throws a SHAPE error that names the operator and the shapes. */
  infer(inputs: Each<I, TensorType>, attributes: A): TensorType;
  /**
   * Cotangents of the inputs from the cotangent of the output (reverse rule), as ordinary values. `undefined` where the
   * derivative is zero everywhere or the input is an index. A cotangent may still have the output's broadcast shape.
   */
  vjp(dy: Value, at: { readonly inputs: I; readonly y: Value; readonly attributes: A }): readonly (Value | undefined)[];
  /** Emits ONNX nodes and returns the name of the result. */
  lower(onnx: OnnxWriter, inputs: Each<I, string>, at: LoweringContext<A, I>): string;
  /** The operator on plain numbers, for elementwise operators: lets uniform constants be folded. */
  readonly scalar?: (...inputs: number[]) => number;
  readonly samples: readonly Sample<A>[];
}

export interface LoweringContext<A, I extends Operands = Operands> {
  readonly attributes: A;
  readonly inputs: Each<I, TensorType>;
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

/** A value of a known operator, with the inputs and attributes that the operator takes. */
export interface ValueOf<A extends Attributes, I extends Operands> extends Value {
  readonly inputs: I;
  readonly attributes: A;
}

/** The values of an operator that is known by its name: `ResultOf<typeof conv2dOp>`. */
export type ResultOf<O extends Op> = O extends Op<infer A, infer I> ? ValueOf<A, I> : never;

/** Tells whether a value is an operator's result: its inputs and attributes are typed then. */
export const isOf = <A extends Attributes, I extends Operands>(v: Value, op: Op<A, I>): v is ValueOf<A, I> =>
  v.op === op;

/** The attributes of an operator that needs none. */
export type NoAttributes = Record<never, never>;

/** Declares an operator by its attributes and its inputs, one unless told. */
export const defineOp = <A extends Attributes, I extends Operands = readonly [x: Value]>(op: Op<A, I>): Op<A, I> => op;

/** Applies an operator. */
export const apply = <A extends Attributes, I extends Operands>(
  op: Op<A, I>,
  inputs: NoInfer<I>,
  attributes: NoInfer<A>,
): Value => new Value(op, inputs, attributes);
