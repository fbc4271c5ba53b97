// All export formats, in the order of the help.
import { DistilleryError } from "../support/errors.ts";
import { didYouMean } from "../support/suggest.ts";
import type { ExportFormat } from "./format.ts";
import { huggingFace } from "./formats/hugging-face.ts";
import { imagefolder } from "./formats/imagefolder.ts";
import { npz } from "./formats/npz.ts";
import { safetensors } from "./formats/safetensors.ts";
import { webdataset } from "./formats/webdataset.ts";

export const exportFormats: readonly ExportFormat[] = [huggingFace, imagefolder, webdataset, npz, safetensors];

/** The format of a name. @throws USAGE for a name that none has. */
export const exportFormatOf = (name: string): ExportFormat => {
  const names = exportFormats.map((format) => format.name);
  const found = exportFormats.find((format) => format.name === name);
  if (found !== undefined) return found;
  throw new DistilleryError("USAGE", `unknown format "${name}"${didYouMean(name, names)}; known: ${names.join(", ")}`);
};
