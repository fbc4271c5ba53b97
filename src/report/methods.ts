// Names, colours and marks of methods, wherever they are shown.

import type { Family, Mark } from "../distill/method.ts";
import { findMethod } from "../distill/registry.ts";
import { allData } from "../evaluation/rows.ts";
import type { Colour } from "./charts/plot.ts";

export type { Mark } from "../distill/method.ts";

export interface MethodStyle {
  readonly name: string;
  readonly colour: Colour;
  readonly mark: Mark;
}

/** One hue a family. */
const hues: Readonly<Record<Family, Colour>> = { infer: "infer", real: "random", teacher: "a", features: "b" };

/** The style of a method; of one that is not ours, such as of somebody else's set, its name. */
export const styleOf = (method: string): MethodStyle => {
  if (method === allData) return { name: "All the data", colour: "full", mark: "circle" };
  const { title = method, family = "features", mark = "square" } = findMethod(method) ?? {};
  return { name: title, colour: hues[family], mark };
};

/** A method, and in what one of its sets differs from others. */
export interface NamedMethod {
  readonly method: string;
  readonly variant?: string;
  readonly draw?: number;
}

export const nameOf = ({ method, variant, draw = 0 }: NamedMethod): string =>
  [styleOf(method).name, variant ?? [], draw > 0 ? `draw ${draw + 1}` : []].flat().join(", ");
