// The public face of distilled sets.
export { decodeFloat16, encodeFloat16 } from "../codecs/float16.ts";
export { encodeSheet } from "../codecs/png-sheet.ts";
export { decodeSafetensors, encodeSafetensors, type SafeTensor, type SafeTensors } from "../codecs/safetensors.ts";
export type { FileTensors } from "../codecs/tensor-layout.ts";
export { parseBytes } from "../support/byte-count.ts";
export { type Axes, labelAxes } from "./axes.ts";
export { type Budget, budgetOf, leastIpc, type Spending, sharersOf } from "./budget.ts";
export { type SetBytes, setBytes } from "./bytes.ts";
export {
  type CompensatorDtype,
  compensatorDtypes,
  describeCompensators,
  roundCompensators,
} from "./compensator-codec.ts";
export { type SetFiles, setFromFiles } from "./from-files.ts";
export { chooseLabels, describeLabels, type LabelChoice, labelBytesOf, leastLabelBytes } from "./labels/choose.ts";
export { packLabels } from "./labels/encoding.ts";
export { type TrainingLabels, trainingLabels } from "./labels/read.ts";
export { compensatorShape, describeDecoding, type Layout, layoutOf, sameSize } from "./layout.ts";
export { wordsOf } from "./manifest/manifest.ts";
export type { Parametrisation } from "./parametrisations/parametrisation.ts";
export { parametrisationKinds, parametrisationOf, parametrisations } from "./parametrisations/registry.ts";
export { compensatorBytes } from "./parts.ts";
export { noticeOf, type Origin } from "./pixels.ts";
export { checkSetPlace } from "./place.ts";
export { readManifest, readSet, type Verification, verifySet, weighSet } from "./read.ts";
export type { DistilledSet, Manifest, Part, Training, Unlisted } from "./set.ts";
export { isStaging, sweepStaging } from "./staging.ts";
export { openImages, type TrainingImages } from "./training-images.ts";
export { type UnwrittenSet, writeSet } from "./write.ts";
