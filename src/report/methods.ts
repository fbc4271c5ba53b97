import type { AccuracyRow } from "../evaluation/rows.ts";
import type { Colour } from "./charts/plot.ts";

/** Shapes of marks in a plot, so that colour is not all that tells methods apart. */
export type Mark = "circle" | "square" | "diamond" | "triangle";

/** How a method is called and drawn wherever it is shown. */
export interface MethodStyle {
  readonly name: string;
  /** One hue a family: INFER, real images, images optimised against teachers, against random networks, all the data. */
  readonly colour: Colour;
  readonly mark: Mark;
}

export const methodStyles: Readonly<Record<AccuracyRow["method"], MethodStyle>> = {
  infer: { name: "INFER", colour: "infer", mark: "circle" },
  "infer-copies": { name: "INFER copies (u = 0)", colour: "infer", mark: "square" },
  "infer-noise": { name: "INFER with noise for u", colour: "infer", mark: "diamond" },
  "infer-one-teacher": { name: "INFER of one teacher", colour: "infer", mark: "triangle" },
  random: { name: "Random images", colour: "random", mark: "circle" },
  herding: { name: "Herding", colour: "random", mark: "square" },
  "k-centre": { name: "k-centre", colour: "random", mark: "diamond" },
  rded: { name: "RDED", colour: "random", mark: "triangle" },
  sre2l: { name: "SRe2L", colour: "a", mark: "circle" },
  cda: { name: "CDA", colour: "a", mark: "square" },
  dwa: { name: "DWA", colour: "a", mark: "diamond" },
  gvbsm: { name: "G-VBSM", colour: "a", mark: "triangle" },
  dm: { name: "DM", colour: "b", mark: "circle" },
  full: { name: "All the data", colour: "full", mark: "circle" },
};

/** A method, and in what one of its sets differs from others. */
export interface NamedMethod {
  readonly method: AccuracyRow["method"];
  readonly variant?: string;
}

export const nameOf = ({ method, variant }: NamedMethod): string =>
  [methodStyles[method].name, variant ?? []].flat().join(", ");
