// Operators that exporters compute shapes by: they fold to numbers, as all sizes are known while a graph is read.
import { sizeOf } from "../../autodiff/index.ts";
import { isFloatType, isKnown, list, type Operand } from "../known.ts";
import { type Call, given, lacking, numbers, type Operator, scalar } from "../operator.ts";

const cast = (call: Call, float: boolean): Operand => {
  const x = given(call, 0);
  if (isKnown(x)) return { ...x, whole: !float, data: float ? x.data : Array.from(x.data, Math.trunc) };
  // Truths are 0 and 1 here, of the type of all traced values.
  return float || x.op.name.startsWith("greater") || x.op.name === "equal" ? x : lacking(call, "to whole numbers");
};

export const shapes: readonly Operator[] = [
  {
    name: "Shape",
    read: (call) => {
      const { shape } = given(call, 0);
      const place = (at: number): number => (at < 0 ? at + shape.length : at);
      return list(shape.slice(place(scalar(call, "start", 0)), place(scalar(call, "end", shape.length))));
    },
  },
  {
    name: "Size",
    read: (call) => ({ whole: true, shape: [], data: [sizeOf(given(call, 0).shape)] }),
  },
  {
    name: "ConstantOfShape",
    read: (call) => {
      const shape = numbers(call, 0) ?? [];
      const value = call.node.attributes.value;
      const one = typeof value === "object" && "whole" in value ? value : { whole: false, data: [0] };
      return { whole: one.whole, shape, data: new Array<number>(sizeOf(shape)).fill(one.data[0]!) };
    },
  },
  {
    name: "Range",
    read: (call) => {
      const [from, to, by] = [0, 1, 2].map((i) => numbers(call, i)?.[0] ?? 0) as [number, number, number];
      return list(Array.from({ length: Math.max(0, Math.ceil((to - from) / by)) }, (_, i) => from + i * by));
    },
  },
  { name: "Cast", read: (call) => cast(call, isFloatType(scalar(call, "to", 1))) },
  {
    name: "CastLike",
    read: (call) => {
      const like = given(call, 1);
      return cast(call, !isKnown(like) || !like.whole);
    },
  },
];
