import type { Op, Value } from "../value.ts";

/** A named rule: returns an equal but cheaper value, or undefined where it does not apply. */
export interface Rewrite {
  readonly name: string;
  rewrite(v: Value, usesOf: (v: Value) => number): Value | undefined;
}

/** A rule for values of one operator. */
export const on = (
  op: Op,
  name: string,
  rule: (v: Value, usesOf: (v: Value) => number) => Value | undefined,
): Rewrite => ({
  name,
  rewrite: (v, usesOf) => (v.op === op ? rule(v, usesOf) : undefined),
});
