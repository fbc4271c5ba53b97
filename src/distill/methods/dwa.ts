// DWA: SRe2L from real images, each batch against a teacher of its own.
import { defaultMinScale } from "../../data/augment/view.ts";
import { imageSource } from "../../recipe/prepare.ts";
import { type ClassBatch, classesOf } from "../class-batches.ts";
import { defineMethod, type MethodStage } from "../method.ts";
import { teacherObjective } from "../objectives/teacher.ts";
import { drawImages } from "../select/draw.ts";
import { pickNormalised } from "../select/pick.ts";
import type { Synthesis } from "../synthesise.ts";
import { adjustWeights } from "./adjust-weights.ts";
import { type Sre2lOptions, sre2lOptions, synthesised } from "./sre2l.ts";

/** Of the authors' script for CIFAR-100: how far the weights go, in how many steps, and what variances weigh beside means. */
const settings = { rho: 0.015, steps: 12, variance: 11 } as const;

/**
 * DWA (Du et al., NeurIPS 2024): SRe2L from real images, each batch of it against the teacher's weights moved
 * by a little gradient ascent of the cross-entropy on those images,
 *
 *   theta <- theta + (rho / 12) g / ||g||,  g = d CE(f_theta(x_1..x_C), [0..C-1]) / d theta,  12 times,
 *
 * so that each batch is judged by a teacher of its own and becomes unlike the others; and with variances weighing more than
 * means in the statistics.
 *
 * The reference implementation shifts the images on which it takes the steps by one random shift; here they are as they are.
 */
export const dwaSynthesis = (stage: MethodStage, { alpha, ...options }: Sre2lOptions): Synthesis => {
  const { data, layout, recipe } = stage;
  const teacher = stage.teachers[0]!;
  const { classes } = data.task;
  const how = { alpha, variance: settings.variance };
  const picks = drawImages(data, layout.bases, recipe);
  const picksOf = ({ k, from, to }: ClassBatch): Int32Array => picks.subarray(k * classes + from, k * classes + to);
  return {
    name: "dwa",
    settings: { teacher: teacher.sha256, alpha, ...settings },
    ...options,
    objectives: (count) => [teacherObjective(teacher, count, how)],
    own: async (batch, worker) => {
      const images = await imageSource(data).images(picksOf(batch));
      const own = await adjustWeights(worker, teacher, images, classesOf(batch), settings);
      return [teacherObjective(own, batch.to - batch.from, how)];
    },
    start: (batch) => pickNormalised(stage, picksOf(batch)),
    least: () => defaultMinScale(data.task),
  };
};

export const dwa = defineMethod(sre2lOptions, {
  name: "dwa",
  title: "DWA",
  paper: "2409.17612",
  about: "SRe2L from real images, the teacher's weights nudged anew for every batch",
  family: "teacher",
  mark: "diamond",
  needs: { teachers: "one", statistics: true },
  pixels: "from-natural",
  ...synthesised(dwaSynthesis),
});
