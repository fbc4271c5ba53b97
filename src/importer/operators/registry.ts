// Every ONNX operator that is read here.
import type { Operator } from "../operator.ts";
import { activations } from "./activations.ts";
import { convolution } from "./convolution.ts";
import { elementwise } from "./elementwise.ts";
import { linear } from "./linear.ts";
import { movement } from "./movement.ts";
import { normalisation } from "./normalisation.ts";
import { pooling } from "./pooling.ts";
import { reductions } from "./reduction.ts";
import { shapes } from "./shapes.ts";

const all: readonly Operator[] = [
  ...convolution,
  ...linear,
  ...normalisation,
  ...activations,
  ...pooling,
  ...elementwise,
  ...reductions,
  ...movement,
  ...shapes,
];

/** By name. */
export const operators: ReadonlyMap<string, Operator> = new Map(all.map((operator) => [operator.name, operator]));
