export { type Budget, budgetOf } from "./budget.ts";
export type { DistilledSet, Manifest, Part } from "./distilled-set.ts";
export { decodeFloat16, encodeFloat16 } from "./float16.ts";
export { readManifest, readSet, type Verification, verifySet } from "./read-set.ts";
export { decodeSafetensors, encodeSafetensors, type SafeTensor, type SafeTensors } from "./safetensors.ts";
export { type SetBytes, setBytes } from "./set-bytes.ts";
export { type TrainingImages, trainingImages } from "./training-images.ts";
export { type UnwrittenSet, writeSet } from "./write-set.ts";
