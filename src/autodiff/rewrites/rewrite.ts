// The form of a rewrite rule.
import { type Attributes, isOf, type Op, type Operands, type Value, type ValueOf } from "../value.ts";

/** A named rule: returns an equal but cheaper value, or undefined where it does not apply. */
export interface Rewrite {
  readonly name: string;
  rewrite(v: Value, usesOf: (v: Value) => number): Value | undefined;
}

/** A rule for values of one operator. */
export const on = <A extends Attributes, I extends Operands>(
  op: Op<A, I>,
  name: string,
  rule: (v: ValueOf<A, I>, usesOf: (v: Value) => number) => Value | undefined,
): Rewrite => ({
  name,
  rewrite: (v, usesOf) => (isOf(v, op) ? rule(v, usesOf) : undefined),
});
