// The record of an ONNX operator, and what it is handed.
import type { Value } from "../autodiff/index.ts";
import type { Normalise } from "../nn/batch-norm.ts";
import type { Start } from "../nn/init.ts";
import { asValue, isKnown, type Known, type Operand } from "./known.ts";

/** An attribute of a node; a graph, as of control flow, has none of these forms and is left out. */
export type Attribute = number | string | readonly number[] | readonly string[] | Known;

/** A node of an ONNX graph. An empty name of an input means that it is left out. */
export interface OnnxNode {
  /** "Conv", or "domain::Operator" of another domain than the standard's. */
  readonly operator: string;
  readonly name: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, Attribute>>;
}

/** The use of a node at one place of a walk. */
export interface Call {
  readonly node: OnnxNode;
  /** Version of the standard operators that the file is written in. */
  readonly opset: number;
  readonly inputs: readonly (Operand | undefined)[];
  /** Images at a time that the file is written for, where it fixes them, and those of this walk. */
  readonly batch: { readonly file?: number | undefined; readonly asked: number };
  /** Normalises by the layer that the node is, whatever statistics the walk is for. */
  readonly normalise: Normalise;
  /** Name of that layer. */
  readonly layer: string | undefined;
}

/** Shapes of a node's known inputs by position, as its parameters are told by. */
export interface Weighed {
  readonly node: OnnxNode;
  shape(input: number): readonly number[] | undefined;
  /** The node that makes an input, and the shapes of that node's own. */
  maker(input: number): Weighed | undefined;
}

/** One ONNX operator. */
export interface Operator {
  readonly name: string;
  /** The starts of those of its inputs that training learns where they are known numbers. */
  readonly learns?: (at: Weighed) => Readonly<Record<number, Start>>;
  read(call: Call): Operand | readonly Operand[];
}

/** Thrown where the operators here do not suffice: the file can be run, but has no gradients. */
export class Lacking extends Error {}

const lacks = (call: Call, what: string): Lacking =>
  new Lacking(`${call.node.operator} ${what}${call.node.name === "" ? "" : ` (node ${call.node.name})`}`);

/** Ends a record's reading of a form of its operator that it has no words for. */
export const lacking = (call: Call, what: string): never => {
  throw lacks(call, what);
};

export const scalar = (call: Call, name: string, otherwise: number): number => {
  const value = call.node.attributes[name];
  return typeof value === "number" ? value : otherwise;
};

export const word = (call: Call, name: string, otherwise: string): string => {
  const value = call.node.attributes[name];
  return typeof value === "string" ? value : otherwise;
};

export const ints = (call: Call, name: string): readonly number[] | undefined => {
  const value = call.node.attributes[name];
  return Array.isArray(value) ? (value as readonly number[]) : undefined;
};

/** An input that must be there. */
export const given = (call: Call, input: number): Operand =>
  call.inputs[input] ?? lacking(call, `without input ${input}`);

/** Numbers of an input that must be known; undefined where it is left out. */
export const numbers = (call: Call, input: number): number[] | undefined => {
  const x = call.inputs[input];
  if (x === undefined) return undefined;
  return isKnown(x) ? Array.from(x.data) : lacking(call, `whose input ${input} is computed from the images`);
};

/** Numbers that older versions have as an attribute, newer ones as an input. */
export const numbersAt = (call: Call, attribute: string, input: number): readonly number[] | undefined =>
  ints(call, attribute) ?? numbers(call, input);

/** Axes counted from the front. */
export const fromFront = (axes: readonly number[], rank: number): number[] => axes.map((a) => (a < 0 ? a + rank : a));

/** An operator of one input that is a function of traced values. */
export const ofValue = (name: string, read: (x: Value, call: Call) => Operand): Operator => ({
  name,
  read: (call) => read(valueAt(call, 0), call),
});

/** An input as a traced value. */
export const valueAt = (call: Call, input: number): Value => asValue(given(call, input));
