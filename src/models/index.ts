// The public face of networks.
export { classification } from "../tasks/classification.ts";
export type { NetworkTask, Task } from "../tasks/task.ts";
export { freshWeights, type Model, parameterCount, type Weights } from "./model.ts";
export { architectures, buildModel, checkArchitecture } from "./registry.ts";
