import type { Stage } from "../../teachers/stage.ts";
import { collectStatistics, convolutionGaps } from "../objectives/convolutions.ts";
import { type Judge, judgeClasses } from "../objectives/judge.ts";
import type { Method } from "./method.ts";
import { noise, type Synthesis, synthesise } from "./synthesise.ts";

/** Of the authors' scripts for CIFAR, which take 4,000 steps. */
const settings = { learningRate: 0.05, alpha: 0.01 } as const;

/**
 * G-VBSM (Shao et al., CVPR 2024, arXiv 2311.17950): images optimised from noise against several teachers, whose convolutions
 * as well as BatchNorm layers are to see the statistics of real data (its generalised backbone and statistical matching):
 *
 *   CE + alpha sum_l w_l (||mean_l - real mean_l|| + ||var_l - real var_l||),  l over convolutions and BatchNorm layers
 *
 * The teachers judge in turns, one a step. As in the reference implementation, the statistics of a convolution are those of
 * what enters it, w = 10 for the first of them, the image's; what leaves it is what the next BatchNorm layer measures anyhow.
 *
 * It departs in leaving out what surrounds that: the spread within a class (data densification), statistics of
 * 4 x 4 patches, the mixing of a batch's statistics with those of earlier steps, the dropping of random convolutions; and in
 * mirroring and shifting images without padded crops. Statistics of real data are those of at most 10,000 training images,
 * unaugmented. Ensemble labels compared by mean squared error belong to the training of students, not to stage images.
 */
export const gvbsmSynthesis = async (stage: Stage): Promise<Synthesis> => {
  const { teachers } = stage;
  const known = await collectStatistics(stage, teachers);
  return {
    name: "gvbsm",
    settings: { teachers: teachers.map(({ sha256 }) => sha256) },
    ...settings,
    judges: teachers.map(
      (teacher, j): Judge =>
        (images, targets) =>
          judgeClasses(teacher, images, targets, { before: (logits) => convolutionGaps(logits, known[j]!) }),
    ),
    start: async (batch) => noise(stage, "gvbsm", batch),
    least: () => 1,
  };
};

export const gvbsm: Method = {
  name: "gvbsm",
  teachers: "all",
  statistics: true,
  make: async (stage) => synthesise(stage, await gvbsmSynthesis(stage)),
};
