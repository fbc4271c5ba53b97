// Images stored as they are.
import type { Parametrisation } from "./parametrisation.ts";

export const images: Parametrisation = {
  kind: "images",
  about: "images as they are",
  perImage: 1,
  stored: (image) => image,
  encode: (pixels) => pixels,
  decode: (stored) => stored,
};
