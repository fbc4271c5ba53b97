// The error for an image that is not read, and the limit on its pixels.

/** The reason why an image file is not read, as a phrase that fits into brackets, and a remedy. */
export class UnreadableImage extends Error {
  readonly remedy: string;
  constructor(reason: string, remedy = "repair or remove it", options?: { cause?: unknown }) {
    super(reason, options);
    this.name = "UnreadableImage";
    this.remedy = remedy;
  }
}

/** Pixels of an image unless told otherwise: as many as Pillow takes. */
export const usualMaxPixels = 178_956_970;

/** Throws unless an image has pixels, and at most `most` of them: a small file may unpack to more than memory holds. */
export const checkPixels = (width: number, height: number, most: number): void => {
  if (!(width > 0 && height > 0)) throw new UnreadableImage(`its header gives a size of ${width}x${height}`);
  if (width * height <= most) return;
  throw new UnreadableImage(
    `${width}x${height} are ${width * height} pixels, more than the ${most} that an image may have`,
    "make it smaller, or allow more with --max-pixels N",
  );
};
