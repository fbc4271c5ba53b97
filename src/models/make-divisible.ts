// Rounding numbers of channels to multiples of eight.

/**
 * Channels of a narrowed or widened network, as torchvision rounds them: the nearest multiple of 8, the next where that
 * would take more than a tenth away.
 */
export const makeDivisible = (channels: number): number => {
  const near = Math.max(8, 8 * Math.floor((channels + 4) / 8));
  return near < 0.9 * channels ? near + 8 : near;
};
