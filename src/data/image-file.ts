import { readFile } from "node:fs/promises";
import { DistilleryError } from "../support/errors.ts";
import { type Decoded, decodeImage, toPlanes } from "./decode-image.ts";

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

const reasonOf = (cause: unknown): string => {
  const message = cause instanceof Error ? cause.message : String(cause);
  return message.trim().replaceAll(/\s*\n\s*/g, "; ");
};

/** Reads and decodes a file; see `decodeImage` for colours, orientation and resizing. */
export const readImageFile = async (file: string, resize?: number): Promise<ImageFile> => {
  try {
    const content = await readFile(file);
    return { image: await decodeImage(content, resize), content };
  } catch (cause) {
    return { reason: reasonOf(cause), cause };
  }
};

export const unreadable = (file: string, { reason, cause }: { reason: string; cause: unknown }): DistilleryError =>
  new DistilleryError(
    "IMAGE",
    `${file}: cannot be read (${reason}); repair or remove it, or leave such files out with --skip-unreadable`,
    { cause },
  );

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
