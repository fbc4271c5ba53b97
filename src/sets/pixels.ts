// Origins of a set's pixels, and the notice of those that show training images.

/**
 * Origins of stored images: training images as they are, crops of them, or images that were optimised, starting from
 * training images or from noise.
 */
export const origins = ["natural", "crops", "from-natural", "from-noise"] as const;

export type Origin = (typeof origins)[number];

const words: Readonly<Record<Origin, string>> = {
  natural: "natural",
  crops: "crops of natural ones",
  "from-natural": "learnt, starting from natural ones",
  "from-noise": "learnt, starting from noise",
};

/** Completes "images: ". */
export const describeOrigin = (origin: Origin): string => words[origin];

const notices: Readonly<Record<Origin, string>> = {
  natural:
    "This set holds natural images: every base image is a training image of the original data, unchanged. " +
    "Whoever gets the set sees them; mind the licence and the privacy of the original data.",
  crops:
    "This set holds natural images: every base image is made of crops of training images of the original data. " +
    "Whoever gets the set sees them; mind the licence and the privacy of the original data.",
  "from-natural":
    "The images of this set were optimised starting from training images of the original data, which may still be " +
    "recognised in them; mind the licence and the privacy of the original data.",
  "from-noise":
    "The images of this set were optimised from noise against networks trained on the original data; no training image " +
    "is stored in it. That says nothing of what can be learnt from them about the original data.",
};

/** Returns the notice of a set on the images in it. */
export const noticeOf = (origin: Origin): string => notices[origin];
