// Learning rates over the steps of a training.

/** Learning rate of step 0..steps-1. */
export type Schedule = (step: number) => number;

/** From `peak` along half a cosine to 0; `about` says so. */
export const cosine = (peak: number, steps: number): Schedule & { readonly about: string } =>
  Object.assign((step: number) => 0.5 * peak * (1 + Math.cos((Math.PI * step) / steps)), {
    about: `learning rate ${peak} at the first step, along half a cosine to 0 after the last, step by step, no warm-up`,
  });

/** Linear from `start` of the peak up to it at `top` of the steps, then linearly down to `end` of the peak at the last. */
export const triangle =
  (peak: number, steps: number, { start = 0.2, top = 0.23, end = 0.07 } = {}): Schedule =>
  (step) => {
    const apex = Math.floor(top * steps);
    return step < apex
      ? peak * (start + ((1 - start) * step) / apex)
      : peak * (1 - ((1 - end) * (step - apex)) / (steps - apex));
  };

/** Linear rise from peak / 25 over the first `warmUp` of the steps, then linearly to 0. */
export const oneCycle =
  (peak: number, steps: number, warmUp = 0.2): Schedule =>
  (step) => {
    const top = Math.max(1, warmUp * steps);
    return step < top ? peak * (0.04 + (0.96 * step) / top) : (peak * (steps - step)) / Math.max(1, steps - top);
  };
