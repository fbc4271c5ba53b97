/** Learning rate of step 0..steps-1. */
export type Schedule = (step: number) => number;

/** From `peak` along half a cosine to 0. */
export const cosine =
  (peak: number, steps: number): Schedule =>
  (step) =>
    0.5 * peak * (1 + Math.cos((Math.PI * step) / steps));

/** Linear rise from peak / 25 over the first `warmUp` of the steps, then linearly to 0. */
export const oneCycle =
  (peak: number, steps: number, warmUp = 0.2): Schedule =>
  (step) => {
    const top = Math.max(1, warmUp * steps);
    return step < top ? peak * (0.04 + (0.96 * step) / top) : (peak * (steps - step)) / Math.max(1, steps - top);
  };
