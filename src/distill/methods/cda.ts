// CDA: SRe2L with a curriculum.
import { defineMethod, type MethodStage } from "../method.ts";
import { noise, type Synthesis } from "../synthesise.ts";
import { type Sre2lOptions, sre2lOptions, sre2lSynthesis, synthesised } from "./sre2l.ts";

/** Smallest crop in the end, as in torchvision's RandomResizedCrop. */
const last = 0.08;

/** Smallest part of the area after a fraction of all steps: from 1 along half a cosine to .08. */
export const leastArea = (fraction: number): number => last + ((1 - last) * (1 + Math.cos(Math.PI * fraction))) / 2;

/**
 * CDA (Yin & Shen, TMLR 2024): the teacher first sees the whole image, then crops that may be ever smaller, so that contours
 * come before details. Crops are resized bilinearly and shared by the batch; the gradient goes through them.
 *
 * The curriculum takes all of the steps (a milestone of 1). Learning rate and alpha are SRe2L's, so that the two differ in the
 * curriculum alone.
 */
export const cdaSynthesis = (stage: MethodStage, options: Sre2lOptions): Synthesis => ({
  ...sre2lSynthesis(stage, options),
  name: "cda",
  start: async (batch) => noise(stage, "cda", batch),
  least: leastArea,
});

export const cda = defineMethod(sre2lOptions, {
  name: "cda",
  title: "CDA",
  paper: "2311.18838",
  about: "SRe2L whose crops become smaller along a cosine",
  family: "teacher",
  mark: "square",
  needs: { teachers: "one", statistics: true },
  pixels: "from-noise",
  ...synthesised(cdaSynthesis),
});
