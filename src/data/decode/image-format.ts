// Recognition of image formats by a file's first bytes.
import { mistakenFor } from "../../support/mistaken-for.ts";
import { UnreadableImage } from "./unreadable-image.ts";

export type ImageFormat = "JPEG" | "PNG" | "WebP" | "GIF" | "TIFF" | "AVIF" | "BMP" | "PPM";

/** The formats that are read; PPM stands for PBM, PGM and PPM. */
const readFormats = "JPEG, PNG, WebP, GIF, TIFF, AVIF, BMP, PPM, PGM and PBM";

/** Texts that a file of a format begins with, in Latin-1, or a pattern of its first 1024 bytes. */
type Magic = readonly string[] | RegExp;

const read: readonly (readonly [ImageFormat, Magic])[] = [
  ["JPEG", ["\xff\xd8\xff"]],
  ["PNG", ["\x89PNG\r\n\x1a\n"]],
  ["WebP", /^RIFF[\s\S]{4}WEBP/],
  ["GIF", ["GIF87a", "GIF89a"]],
  ["TIFF", ["II*\0", "MM\0*", "II+\0", "MM\0+"]],
  // The brand may stand behind a more general one, in the list of compatible brands.
  ["AVIF", /^[\s\S]{4}ftyp[\s\S]{0,56}avi[fs]/],
  ["BMP", ["BM"]],
  ["PPM", /^P[1-6][\s#]/],
];

const known: readonly (readonly [string, Magic])[] = [
  ["HEIC", /^[\s\S]{4}ftyp(he|mif1|msf1)/],
  ["JPEG XL", ["\xff\n", "\0\0\0\fJXL "]],
  ["JPEG 2000", ["\0\0\0\fjP  ", "\xff\x4f\xff\x51"]],
  ["PAM", ["P7\n"]],
  ["PFM (floating-point)", /^P[Ff]\s/],
  ["Photoshop", ["8BPS"]],
  ["OpenEXR", ["v/1\x01"]],
  ["Radiance HDR", ["#?RADIANCE", "#?RGBE"]],
  ["Windows icon", ["\0\0\x01\0", "\0\0\x02\0"]],
  ["DICOM", /^[\s\S]{128}DICM/],
  ["PDF", ["%PDF"]],
  ["NumPy", ["\x93NUMPY"]],
  ["SVG", /^\s*(<\?xml[\s\S]*?)?(<!--[\s\S]*?-->\s*)?(<!DOCTYPE svg[\s\S]*?)?<svg\b/i],
];

const find = <Name>(formats: readonly (readonly [Name, Magic])[], head: string): Name | undefined =>
  formats.find(([, magic]) =>
    magic instanceof RegExp ? magic.test(head) : magic.some((m) => head.startsWith(m)),
  )?.[0];

/** The format of an image file by its content, whatever its name. Throws UnreadableImage for all that is not read. */
export const formatOf = (content: Uint8Array): ImageFormat => {
  if (content.length === 0) throw new UnreadableImage("it is empty, 0 bytes");
  const head = Buffer.from(content.subarray(0, 1024)).toString("latin1");
  const format = find(read, head);
  if (format !== undefined) return format;
  const other = find(known, head);
  if (other !== undefined) {
    throw new UnreadableImage(`${other} is not read; formats that are: ${readFormats}`, "convert it to PNG or JPEG");
  }
  const mistaken = mistakenFor(content);
  if (mistaken !== undefined) throw new UnreadableImage(`it is ${mistaken}`, "put the image in its place");
  throw new UnreadableImage(
    `unsupported image format or none; formats that are read: ${readFormats}`,
    "repair, convert or remove it",
  );
};
