// The ground of a plan's jobs.
import { DistilleryError } from "../../support/errors.ts";
import type { Ground } from "../../support/work/executor.ts";
import type { Plan } from "./plan.ts";

/** @throws DATA where the data are not those of the plan. */
export const checkGround = ({ recipe, fingerprint: planned }: Plan, { fingerprint }: Ground): void => {
  if (fingerprint === planned) return;
  const short = (digest: string): string => digest.slice(0, 12);
  throw new DistilleryError(
    "DATA",
    `the data ${String(recipe.data)} of this machine are not those of the plan: their fingerprint is ${short(fingerprint)}, the plan's ${short(planned)}; copy the same data here, or make the plan anew`,
  );
};
