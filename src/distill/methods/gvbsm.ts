// G-VBSM: several teachers in turns, statistics of convolutions too.
import { aboveZero, atLeastZero, whole } from "../../support/fields.ts";
import { defineMethod, type MethodStage } from "../method.ts";
import { collectStatistics, convolutionGaps, statisticsOf } from "../objectives/convolutions.ts";
import { teacherObjective } from "../objectives/teacher.ts";
import { bits } from "../stored.ts";
import { noise, type Synthesis } from "../synthesise.ts";
import { type Sre2lOptions, synthesised } from "./sre2l.ts";

/**
 * G-VBSM (Shao et al., CVPR 2024): images optimised from noise against several teachers, whose convolutions
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
 * unaugmented. Ensemble labels compared by mean squared error belong to the training of students, not to making images.
 */
export const gvbsmSynthesis = async (stage: MethodStage, { alpha, ...options }: Sre2lOptions): Promise<Synthesis> => {
  const { teachers } = stage;
  const known = await collectStatistics(stage);
  return {
    name: "gvbsm",
    settings: { teachers: teachers.map(({ sha256 }) => sha256), alpha },
    ...options,
    objectives: (count) =>
      teachers.map((teacher, j) =>
        teacherObjective(teacher, count, { alpha, before: (logits) => convolutionGaps(logits, known[j]!) }),
      ),
    start: async (batch) => noise(stage, "gvbsm", batch),
    least: () => 1,
  };
};

const { make, kinds } = synthesised(gvbsmSynthesis);

/** The constants are those of the authors' scripts for CIFAR, which take 4,000 steps. */
export const gvbsm = defineMethod(
  {
    iterations: whole(1, "steps of a batch of images, one of each class; 4,000 in the paper").default(1000),
    learningRate: aboveZero("highest learning rate of the images").default(0.05),
    alpha: atLeastZero("weight of the statistics beside the cross-entropy").default(0.01),
    bits: bits.default(8),
  },
  {
    name: "gvbsm",
    title: "G-VBSM",
    paper: "2311.17950",
    about: "images optimised against all teachers in turns, with statistics of convolutions too",
    family: "teacher",
    mark: "triangle",
    needs: { teachers: "all", statistics: true },
    pixels: "from-noise",
    make,
    kinds: (options) => [...kinds(options), statisticsOf],
  },
);
