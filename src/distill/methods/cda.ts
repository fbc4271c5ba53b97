import type { Stage } from "../../teachers/stage.ts";
import type { Method } from "./method.ts";
import { sre2lSynthesis } from "./sre2l.ts";
import { noise, type Synthesis, synthesise } from "./synthesise.ts";

/** Smallest crop in the end, as in torchvision's RandomResizedCrop. */
const last = 0.08;

/** Smallest part of the area after a fraction of all steps: from 1 along half a cosine to .08. */
export const curriculum = (fraction: number): number => last + ((1 - last) * (1 + Math.cos(Math.PI * fraction))) / 2;

/**
 * CDA (Yin & Shen, TMLR 2024, arXiv 2311.18838): SRe2L with a curriculum. The teacher first sees the whole image,
 * then crops that may be ever smaller, so that contours come before details. Crops are resized bilinearly and shared by the
 * batch; the gradient goes through them.
 *
 * The curriculum takes all of the steps (a milestone of 1). Learning rate and alpha are SRe2L's, so that the two differ in the
 * curriculum alone.
 */
export const cdaSynthesis = (stage: Stage): Synthesis => ({
  ...sre2lSynthesis(stage),
  name: "cda",
  start: async (batch) => noise(stage, "cda", batch),
  least: curriculum,
});

export const cda: Method = {
  name: "cda",
  teachers: "one",
  statistics: true,
  make: (stage) => synthesise(stage, cdaSynthesis(stage)),
};
