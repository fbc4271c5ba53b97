import { usualLeast } from "../../data/augment/view.ts";
import type { Stage } from "../../teachers/stage.ts";
import { judgeClasses } from "../objectives/judge.ts";
import type { Method } from "./method.ts";
import { noise, type Synthesis, synthesise } from "./synthesise.ts";

/** Learning rate and weight of the statistics, for CDA and DWA too: those of DWA's script for CIFAR-100. */
export const sre2lSettings = { learningRate: 0.25, alpha: 0.01 } as const;

/**
 * SRe2L (Yin, Xing & Shen, NeurIPS 2023, arXiv 2306.13092), its "recover" stage: images start as noise and
 * are optimised, one of each class at a time, until one teacher tells them apart and its BatchNorm layers see the statistics
 * of its training (`traceImageStep` has the equation).
 *
 * It departs from the reference implementation in mirroring small images too, which that only shifts; from 64 pixels on both
 * crop, mirror and shift. Up to 100 classes go through in one batch. Its third stage, labels for every augmented batch, is not part
 * of stage images here: all methods of a comparison get the same labels.
 */
export const sre2lSynthesis = (stage: Stage): Synthesis => {
  const teacher = stage.teachers[0]!;
  return {
    name: "sre2l",
    settings: { teacher: teacher.sha256 },
    ...sre2lSettings,
    judges: [(images, targets) => judgeClasses(teacher, images, targets)],
    start: async (batch) => noise(stage, "sre2l", batch),
    least: () => usualLeast(stage.data.task),
  };
};

export const sre2l: Method = {
  name: "sre2l",
  teachers: "one",
  statistics: true,
  make: (stage) => synthesise(stage, sre2lSynthesis(stage)),
};
