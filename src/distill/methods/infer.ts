// INFER and its ablations.
import { cropping, shifting } from "../../data/augment/augmentation.ts";
import { defaultCrop, type Size } from "../../data/augment/resized-crop.ts";
import { drawShift, drawView } from "../../data/augment/view.ts";
import { normalise } from "../../data/normalisation.ts";
import { adam } from "../../nn/optimisers.ts";
import { cosine } from "../../nn/schedules.ts";
import { atLeastZero, choice, whole } from "../../support/fields.ts";
import { type Random, stream } from "../../support/random.ts";
import type { Teacher } from "../../teachers/teacher.ts";
import type { JobKind } from "../../training/kept.ts";
import { planStep } from "../chunked-step.ts";
import { defineMethod, type Made, type MethodStage } from "../method.ts";
import { everyClassOnce, teacherObjective } from "../objectives/teacher.ts";
import { type Optimisation, optimise, optimising, type Part, partOf } from "../optimise.ts";
import { type Bases, basesOf, confidence } from "../select/bases.ts";
import { precision } from "../stored.ts";

/** t of the paper's two recipes: cyclic shifts of small images; random crops, mirrored and shifted, of large ones. */
const views = {
  shifts: { of: shifting, draw: drawShift },
  crops: { of: cropping, draw: (random: Random, image: Size) => drawView(random, image, defaultCrop.scale[0]) },
} as const;

const bases = choice(
  ["random", "confidence"],
  "base images: random, or those the teachers are most confident of (confidence, an ablation)",
).default("random");

/** Options of INFER's compensators, whatever they are added to. */
export const compensatorOptions = {
  iterations: whole(1, "optimisation steps of a compensator").default(1000),
  alpha: atLeastZero("weight of the BatchNorm statistics in a compensator's loss").default(1),
  views: choice(
    ["shifts", "crops"],
    "how a step moves a compensator's images: shifts, as for small images, or crops, mirrored and shifted, as at 224 pixels",
  ).default("shifts"),
  precision: precision.default("F16"),
};

const { iterations, alpha, ...others } = compensatorOptions;
const options = { iterations, alpha, bases, ...others };

interface CompensatorOptions {
  readonly iterations: number;
  readonly alpha: number;
  readonly views: keyof typeof views;
}

interface BaseOptions {
  readonly bases: "random" | "confidence";
}

/** The source of base sets, and the kind of jobs that finds them. */
interface BaseSource<Options> {
  open(stage: MethodStage, given: Options): Promise<Bases>;
  readonly kind: JobKind<MethodStage>;
}

/** INFER's: training images as they are. */
const trainingImages: BaseSource<CompensatorOptions & BaseOptions> = {
  open: (stage, given) => basesOf(stage, given.bases),
  kind: confidence,
};

/** Chooses the teachers that make compensators. */
type By = (stage: MethodStage) => readonly Teacher[];

/**
 * K base sets, and a compensator u_kj for each of them and each teacher j of `by` (INFER, arXiv 2408.06927):
 *
 *   u_kj = argmin_u CE(f_j(t(clip(P_k + u))), [0..C-1]) + alpha sum_l w_l (||mean_l - running mean_l|| + ||var_l - running var_l||)
 *
 * All C base images go through the teacher in one batch, with the one u added to each; t is the same for all of them. The clip
 * to valid pixels is part of the loss, so u is optimised for the images that the set will give.
 */
const planner =
  <Options extends CompensatorOptions>(by: By, source: BaseSource<Options>, given: Options, known?: Bases) =>
  async (stage: MethodStage): Promise<Optimisation> => {
    const { data, layout, recipe } = stage;
    const { iterations, alpha } = given;
    const teachers = by(stage);
    const { bases: K, perBase: V, classes: C, image } = layout;
    const { normalisation } = data.dataset;
    const { of, draw } = views[given.views];
    const chosen = known ?? (await source.open(stage, given));
    const parts = teachers.flatMap((teacher, j) =>
      Array.from({ length: K }, (_, k): Part & { readonly k: number; readonly j: number } => ({
        k,
        j,
        name: `${k}-${j}`,
        title: `compensator of base ${k + 1}/${K}, teacher ${j + 1}/${V}`,
        curve: `base ${k}, teacher ${j}`,
        learnt: { compensators: [k * V + j] },
        fixed: { bases: Array.from({ length: C }, (_, c) => k * C + c) },
        graph: `teacher ${j}`,
        key: { teacher: teacher.sha256, k, j },
      })),
    );
    const at = partOf(parts);
    const optimiser = adam({ beta1: 0.5, beta2: 0.9, epsilon: 1e-8 });
    const step = { layout, normalisation, augmentation: of(image), optimiser };
    const objective = (part: Part) => teacherObjective(teachers[at(part).j]!, C, { alpha });
    return {
      ...step,
      name: "infer",
      iterations,
      learningRate: cosine(0.25, iterations),
      parts,
      key: { alpha, views: given.views, ...chosen.key },
      objectives: (part) => [objective(part)],
      step: (part) => planStep(step, teachers[at(part).j]!, objective(part), alpha),
      start: async (part) => ({
        bases: normalise(await chosen.read(at(part).k), normalisation, layout.stored.height, layout.stored.width),
        compensators: new Float32Array(3 * image.height * image.width),
      }),
      draw: async (part, t) => ({
        view: { ...draw(stream(recipe.seed, "compensator", at(part).k, at(part).j, t), image) },
        objective: { labels: { targets: everyClassOnce(C) } },
      }),
      advice: `lower the method's alpha (it is ${alpha}) and run again, into another --out, or check the teachers' accuracies`,
    };
  };

/** What becomes of the compensator of base set k and teacher j before it is stored. */
type Change = (u: Float32Array, seed: number, k: number, j: number) => Float32Array;

/** `make` and `kinds` of a method that adds compensators by some teachers to base sets. */
export const compensated = <Options extends CompensatorOptions>(
  by: By,
  source: BaseSource<Options>,
  change: Change = (u) => u,
) => ({
  kinds: (given: Options) => [optimising(planner(by, source, given)), source.kind],
  make: async (stage: MethodStage, given: Options): Promise<Made> => {
    const chosen = await source.open(stage, given);
    const { compensators, curves } = await optimise(stage, planner(by, source, given, chosen));
    const { perBase: V, image } = stage.layout;
    const size = 3 * image.height * image.width;
    for (let at = 0; at * size < compensators.length; at++) {
      const u = compensators.subarray(at * size, (at + 1) * size);
      u.set(change(u, stage.recipe.seed, Math.floor(at / V), at % V));
    }
    return { bases: await chosen.all(), compensators, curves };
  },
});

export const every: By = ({ teachers }) => teachers;
const first: By = ({ teachers }) => teachers.slice(0, 1);
const draws = (given: BaseOptions): boolean => given.bases === "random";

/** INFER (Zhang, Du, Liu and Zhou, ICLR 2025). */
export const infer = defineMethod(options, {
  name: "infer",
  title: "INFER",
  paper: "2408.06927",
  about: "base images, and compensators that all classes share",
  family: "infer",
  mark: "circle",
  needs: { teachers: "all", statistics: true },
  pixels: "natural",
  compensators: (teachers) => ({ perBase: teachers }),
  draws,
  ...compensated(every, trainingImages),
});

/** u = 0: for the same number of training images without what makes them differ. */
export const inferCopies = defineMethod(
  { bases },
  {
    name: "infer-copies",
    title: "INFER copies (u = 0)",
    about: "INFER's base images, each teachers + 1 times, without compensators",
    family: "infer",
    mark: "square",
    ablates: "infer",
    needs: { teachers: "none" },
    pixels: "natural",
    compensators: (teachers) => ({ perBase: teachers }),
    copies: true,
    draws,
    kinds: () => [confidence],
    make: async (stage, given) => ({ bases: await (await basesOf(stage, given.bases)).all(), curves: [] }),
  },
);

const normOf = (values: Float32Array): number => Math.sqrt(values.reduce((sum, v) => sum + v * v, 0));

/** Normal noise with the Euclidean norm of a compensator: as much is added, and nothing of what was learnt. */
const gaussianOfNorm: Change = (u, seed, k, j) => {
  const { normal } = stream(seed, "infer-noise", k, j);
  const noise = u.map(() => normal());
  const scale = normOf(u) / normOf(noise);
  return noise.map((value) => value * scale);
};

export const inferNoise = defineMethod(options, {
  name: "infer-noise",
  title: "INFER with noise for u",
  about: "INFER with noise as strong as each compensator in its place",
  family: "infer",
  mark: "diamond",
  ablates: "infer",
  worksOn: "infer",
  needs: { teachers: "all", statistics: true },
  pixels: "natural",
  compensators: (teachers) => ({ perBase: teachers }),
  draws,
  ...compensated(every, trainingImages, gaussianOfNorm),
});

export const inferOneTeacher = defineMethod(options, {
  name: "infer-one-teacher",
  title: "INFER of one teacher",
  about: "INFER with compensators of the first teacher only, labels of all",
  family: "infer",
  mark: "triangle",
  ablates: "infer",
  needs: { teachers: "one", statistics: true },
  pixels: "natural",
  compensators: () => ({ perBase: 1 }),
  draws,
  ...compensated(first, trainingImages),
});
