// Reading image files, with errors that name the file.
import { DistilleryError } from "../../support/errors.ts";
import { codeOf, readRegularFile, reasonOf } from "../../support/files.ts";
import { type Decoded, type Decoding, decodeImage, toPlanes } from "./decode-image.ts";
import { UnreadableImage, usualMaxPixels } from "./unreadable-image.ts";

/** An image file as it was found: decoded, or why it could not be. */
export type ImageFile =
  | { readonly image: Decoded; readonly content: Uint8Array }
  | { readonly image?: undefined; readonly reason: string; readonly cause: unknown };

/** The one size that all images have, and the file that it was taken from. */
export interface Reference {
  readonly file: string;
  readonly height: number;
  readonly width: number;
}

/** Bytes that a file may have: four channels of 16 bits for each pixel that an image may have. */
const mostBytes = ({ maxPixels = usualMaxPixels }: Decoding): number => Math.min(8 * maxPixels + 2 ** 20, 2 ** 31 - 1);

const inOneLine = (text: string): string => [...new Set(text.trim().split(/\s*\n\s*/))].join("; ");

const missing = new Set(["ENOENT", "ENOTDIR", "ELOOP"]);

const whyNot = (cause: unknown): string =>
  missing.has(codeOf(cause))
    ? `${codeOf(cause)}: it is gone, or a link that leads nowhere`
    : inOneLine(reasonOf(cause));

/** Reads and decodes a regular file; see `decodeImage` for colours, orientation and resizing. */
export const readImageFile = async (file: string, decoding: Decoding): Promise<ImageFile> => {
  try {
    const content = await readRegularFile(file, mostBytes(decoding));
    return { image: await decodeImage(content, decoding), content };
  } catch (cause) {
    return { reason: whyNot(cause), cause };
  }
};

export const unreadable = (file: string, { reason, cause }: { reason: string; cause: unknown }): DistilleryError => {
  const remedy = cause instanceof UnreadableImage ? cause.remedy : "repair or remove it";
  return new DistilleryError(
    "IMAGE",
    `${file}: cannot be read (${reason}); ${remedy}, or leave such files out with --skip-unreadable`,
    { cause },
  );
};

/** Copies an image into `out` as planes [3, H, W]. Throws DATA unless it has the size of the reference. */
export const placeImage = (file: string, image: Decoded, size: Reference, out: Uint8Array): void => {
  if (image.height !== size.height || image.width !== size.width) {
    throw new DistilleryError(
      "DATA",
      `images differ in size: ${size.file} is ${size.width}x${size.height}, ${file} is ${image.width}x${image.height}; give them one size with --resize N`,
    );
  }
  toPlanes(image.interleaved, out);
};
