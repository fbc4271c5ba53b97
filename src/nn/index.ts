// The public face of nn, and the operators that networks are written with.
export * from "../autodiff/index.ts";
export { type Random, stream } from "../support/random.ts";
export { inferenceNorm, type Normalise, statisticsTypes, trainingNorm } from "./batch-norm.ts";
export { initialise, type ParameterSpec, type ParameterSpecs, type Start } from "./init.ts";
export { instanceNorm } from "./instance-norm.ts";
export { convolve, convSpecs, linear, linearSpecs, type Named, normSpecs } from "./layers.ts";
export { crossEntropy, distillationLoss } from "./losses.ts";
export { type MuonOptions, muon } from "./muon.ts";
export {
  type AdamOptions,
  adam,
  adamw,
  type Hyper,
  hyperTensors,
  hyperTypes,
  type Optimiser,
  sgd,
  slotTypes,
  updateAll,
  zerosLike,
} from "./optimisers.ts";
export { branches, type ConvNormOptions, chain, convNorm, dense, type Part, plain, residual } from "./parts.ts";
export { maxPool2x2 } from "./pooling.ts";
export { cosine, oneCycle, type Schedule, triangle } from "./schedules.ts";
export { squeezeExcitation } from "./squeeze-excitation.ts";
