// The prediction of PNG's filter 4.

/** Paeth's prediction: that of left, above and above left which is nearest to left + above - above left (PNG, section 9.4). */
export const predicted = (left: number, above: number, corner: number): number => {
  const toLeft = Math.abs(above - corner);
  const toAbove = Math.abs(left - corner);
  const toCorner = Math.abs(left + above - 2 * corner);
  if (toLeft <= toAbove && toLeft <= toCorner) return left;
  return toAbove <= toCorner ? above : corner;
};
