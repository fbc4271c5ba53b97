// The public face of data sets.

export type { Warp } from "../tasks/warp.ts";
export { type CropOptions, type Cropped, type Cropping, cropImages } from "./augment/cropping.ts";
export { type Dataset, type Normalisation, type Split, splitOf } from "./dataset.ts";
export { denormalise, imagenetNormalisation, normalisationOf, normalise, validRange } from "./normalisation.ts";
export { imageFolder } from "./sources/image-folder.ts";
export { listSources } from "./sources/source.ts";
export { pickPerStratum, subset } from "./split.ts";
