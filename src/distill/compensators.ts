import { type Tensor, tensor } from "../autodiff/index.ts";
import { type Size, usualCrops } from "../data/augment/resized-crop.ts";
import { drawShift, drawView, type View } from "../data/augment/view.ts";
import { normalise } from "../data/normalisation.ts";
import { adam, hyperTensors } from "../nn/optimisers.ts";
import { cosine } from "../nn/schedules.ts";
import { keyOf } from "../support/key.ts";
import { type Random, stream } from "../support/random.ts";
import type { Stage } from "../teachers/stage.ts";
import type { Teacher } from "../teachers/teacher.ts";
import { readStored } from "../training/checkpoint.ts";
import { machineOf } from "../training/jobs.ts";
import { historyOf, type KeptWork, keptLoop, runKept } from "../training/kept.ts";
import type { History } from "../training/loop.ts";
import { planStep } from "./compensator-chunks.ts";
import { compensatorStateTypes } from "./compensator-step.ts";
import type { Bases } from "./select/bases.ts";

/** u_kj, or rather where it lies: compensators wait on the disk, so that memory does not grow with their number. */
export interface Compensator {
  readonly base: number;
  readonly teacher: number;
  readonly file: string;
  readonly history: History;
}

/** t of the paper's two recipes: cyclic shifts of small images; random crops, mirrored and shifted, of large ones. */
const viewsBy = {
  shifts: { kind: "places", draw: drawShift },
  crops: { kind: "mixes", draw: (random: Random, image: Size): View => drawView(random, image, usualCrops.scale[0]) },
} as const;

/** The compensator's values, [3, H, W]. */
export const readCompensator = async (file: string): Promise<Float32Array> =>
  (await readStored(file))!.tensors.u!.data as Float32Array;

/** A value made when it is first asked for. */
const once = <T>(make: () => T): (() => T) => {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
};

/**
 * K x M compensators into `folder`, finished ones kept, several at a time. One graph a teacher serves all K base sets.
 */
export const makeCompensators = async (stage: Stage, bases: Bases): Promise<Compensator[]> => {
  const { recipe, data, teachers, device, folder } = stage;
  const { image } = data.task;
  const { count } = bases;
  const { normalisation } = data.dataset;
  const { iterations, alpha, seed, compensatorViews } = recipe;
  const views = viewsBy[compensatorViews];
  const optimiser = adam({ beta1: 0.5, beta2: 0.9, epsilon: 1e-8 });
  const learningRate = cosine(0.25, iterations);
  const steps = teachers.map((teacher) => once(() => planStep(teacher, optimiser, normalisation, alpha, views.kind)));

  const workOf = (teacher: Teacher, j: number, k: number): KeptWork => {
    const key = keyOf({
      data: data.fingerprint,
      validation: recipe.validation,
      teacher: teacher.sha256,
      iterations,
      alpha,
      seed,
      k,
      j,
      device: device.name,
      ...(compensatorViews !== "shifts" && { compensatorViews }),
      ...bases.key,
    });
    const types = compensatorStateTypes(teacher, optimiser);
    const file = `${folder}/${k}-${j}.safetensors`;
    return keptLoop({ file, key, steps: iterations, types }, async (lane) => {
      const zero = (): Tensor => tensor(new Float32Array(3 * image.height * image.width), types.u.shape);
      const pixels = await bases.read(k);
      return {
        title: `compensator of base ${k + 1}/${count}, teacher ${j + 1}/${teachers.length}`,
        stepper: await lane.held(`teacher ${j}`, () => steps[j]!().open(lane.device)),
        start: () => ({
          u: zero(),
          slots: { first: zero(), second: zero() },
          base: tensor(normalise(pixels, normalisation, image.height, image.width), types.base.shape),
        }),
        feeds: async (step) => ({
          ...views.draw(stream(seed, "compensator", k, j, step), image),
          hyper: hyperTensors(optimiser.hyper(step, learningRate(step))),
        }),
        keep: ({ u }) => ({ u: tensor(u.data, [3, image.height, image.width]) }),
        advice: `lower alpha (it is ${alpha}; --alpha) and run again, into another --out, or check the teacher's accuracy (${teacher.accuracy.toFixed(1)} %)`,
      };
    });
  };

  const pairs = teachers.flatMap((teacher, j) => Array.from({ length: count }, (_, k) => ({ teacher, j, k })));
  const works = pairs.map(({ teacher, j, k }) => workOf(teacher, j, k));
  const bytes = (): number => Math.max(...steps.map((step) => step().bytes));
  const kept = await runKept(`${works.length} compensators`, machineOf(device), works, bytes, stage);
  return kept.map((one, i) => ({
    base: pairs[i]!.k,
    teacher: pairs[i]!.j,
    file: one.file,
    history: historyOf(one),
  }));
};
