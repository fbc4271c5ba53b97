import { usualLeast } from "../../data/augment/view.ts";
import { readable } from "../../recipe/prepare.ts";
import type { Stage } from "../../teachers/stage.ts";
import { judgeClasses } from "../objectives/judge.ts";
import { drawImages } from "../select/draw.ts";
import { classesOf } from "./class-batches.ts";
import type { Method } from "./method.ts";
import { nudge } from "./nudge.ts";
import { sre2lSettings } from "./sre2l.ts";
import { type Synthesis, synthesise } from "./synthesise.ts";

/** Of the authors' script for CIFAR-100: how far the weights go, in how many steps, and what variances weigh beside means. */
const settings = { rho: 0.015, steps: 12, variance: 11 } as const;

/**
 * DWA (Du et al., NeurIPS 2024, arXiv 2409.17612): SRe2L from real images, each batch of it against the teacher's weights moved
 * by a little gradient ascent of the cross-entropy on those images,
 *
 *   theta <- theta + (rho / 12) g / ||g||,  g = d CE(f_theta(x_1..x_C), [0..C-1]) / d theta,  12 times,
 *
 * so that each batch is judged by a teacher of its own and becomes unlike the others; and with variances weighing more than
 * means in the statistics.
 *
 * The reference implementation shifts the images on which it takes the steps by one random shift; here they are as they are.
 */
export const dwaSynthesis = (stage: Stage): Synthesis => {
  const { data, recipe } = stage;
  const teacher = stage.teachers[0]!;
  const { classes } = data.task;
  const { variance } = settings;
  const picks = drawImages(data, recipe.ipc, recipe.seed);
  return {
    name: "dwa",
    settings: { teacher: teacher.sha256, ...settings },
    ...sre2lSettings,
    judges: [(images, targets) => judgeClasses(teacher, images, targets, { variance })],
    own: async (start, batch, lane) => {
      const own = await nudge(lane, teacher, start, classesOf(batch), settings);
      return [(images, targets) => judgeClasses(own, images, targets, { variance })];
    },
    start: ({ k, from, to }) => readable(data).images(picks.subarray(k * classes + from, k * classes + to)),
    least: () => usualLeast(data.task),
  };
};

export const dwa: Method = {
  name: "dwa",
  teachers: "one",
  statistics: true,
  make: (stage) => synthesise(stage, dwaSynthesis(stage)),
};
