// The public face of nn, and the operators that networks are written with.
export * from "../autodiff/index.ts";
export { inferenceNorm, type Normalise, statisticsTypes } from "./batch-norm.ts";
export type { ParameterSpecs, Start } from "./init.ts";
export { instanceNorm } from "./instance-norm.ts";
export { convolve, convSpecs, linear, linearSpecs, type Named, normSpecs } from "./layers.ts";
export { branches, type ConvNormOptions, chain, convNorm, dense, type Part, plain, residual } from "./parts.ts";
export { maxPool2x2 } from "./pooling.ts";
export { squeezeExcitation } from "./squeeze-excitation.ts";
