export { type Budget, budgetFor, budgetOf, copiesOf, leastIpc } from "./budget.ts";
export { parseBytes } from "./byte-count.ts";
export {
  type CompensatorDtype,
  compensatorBytes,
  describeCompensators,
  roundCompensators,
} from "./compensator-codec.ts";
export { encodeSheet } from "./contact-sheet.ts";
export type { DistilledSet, Manifest, Part, Unlisted } from "./distilled-set.ts";
export { decodeFloat16, encodeFloat16 } from "./float16.ts";
export { chooseLabels, describeLabels, type LabelChoice, labelBytesOf, leastLabelBytes } from "./label-choice.ts";
export { wordsOf } from "./manifest.ts";
export {
  aboutMethods,
  hasCompensators,
  isOptimised,
  type Method,
  mayCopy,
  methods,
  type Origin,
  originOf,
} from "./method.ts";
export { readManifest, readSet, type Verification, verifySet, weighSet } from "./read-set.ts";
export { decodeSafetensors, encodeSafetensors, type SafeTensor, type SafeTensors } from "./safetensors.ts";
export { type SetBytes, setBytes } from "./set-bytes.ts";
export { checkSetPlace } from "./set-place.ts";
export { isStaging, sweepStaging } from "./staging.ts";
export { packLabels } from "./stored-labels.ts";
export type { FileTensors } from "./tensor-layout.ts";
export { type TrainingImages, trainingImages } from "./training-images.ts";
export { type TrainingLabels, trainingLabels } from "./training-labels.ts";
export { type UnwrittenSet, writeSet } from "./write-set.ts";
