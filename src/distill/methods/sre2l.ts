// SRe2L: images learnt from noise against a frozen teacher.
import { defaultMinScale } from "../../data/augment/view.ts";
import { aboveZero, atLeastZero, whole } from "../../support/fields.ts";
import { defineMethod, type MethodStage } from "../method.ts";
import { teacherObjective } from "../objectives/teacher.ts";
import { learning } from "../optimise.ts";
import { bits } from "../stored.ts";
import { noise, type Synthesis, synthesis } from "../synthesise.ts";

/** Options of SRe2L, CDA and DWA: the constants are those of DWA's script for CIFAR-100. */
export const sre2lOptions = {
  iterations: whole(1, "steps of a batch of images, one of each class").default(1000),
  learningRate: aboveZero("highest learning rate of the images").default(0.25),
  alpha: atLeastZero("weight of the BatchNorm statistics beside the cross-entropy").default(0.01),
  bits: bits.default(8),
};

export interface Sre2lOptions {
  readonly iterations: number;
  readonly learningRate: number;
  readonly alpha: number;
  readonly bits: number;
}

/**
 * SRe2L (Yin, Xing & Shen, NeurIPS 2023), its "recover" stage: images start as noise and are optimised, one of each class at
 * a time, until one teacher tells them apart and its BatchNorm layers see the statistics of its training.
 *
 * It departs from the reference implementation in mirroring small images too, which that only shifts; from 64 pixels on both
 * crop, mirror and shift. Up to 100 classes go through in one batch. Its third stage, labels for every augmented batch, is not
 * part of making images here: all methods of a comparison get the same labels.
 */
export const sre2lSynthesis = (stage: MethodStage, { alpha, ...options }: Sre2lOptions): Synthesis => {
  const teacher = stage.teachers[0]!;
  return {
    name: "sre2l",
    settings: { teacher: teacher.sha256, alpha },
    ...options,
    objectives: (count) => [teacherObjective(teacher, count, { alpha })],
    start: async (batch) => noise(stage, "sre2l", batch),
    least: () => defaultMinScale(stage.data.task),
  };
};

/** `make` and `kinds` of a method that is such a synthesis. */
export const synthesised = <Options extends { readonly bits: number }>(
  of: (stage: MethodStage, options: Options) => Synthesis | Promise<Synthesis>,
) => learning(async (stage: MethodStage, options: Options) => synthesis(stage, await of(stage, options)));

export const sre2l = defineMethod(sre2lOptions, {
  name: "sre2l",
  title: "SRe2L",
  paper: "2306.13092",
  about: "images optimised from noise against one teacher and its BatchNorm statistics",
  family: "teacher",
  mark: "circle",
  needs: { teachers: "one", statistics: true },
  pixels: "from-noise",
  ...synthesised(sre2lSynthesis),
});
