import { type Tensor, tensor } from "../autodiff/index.ts";
import { normalise } from "../data/normalisation.ts";
import { adam, hyperTensors } from "../nn/optimisers.ts";
import { cosine } from "../nn/schedules.ts";
import type { Device } from "../runtime/index.ts";
import type { Progress } from "../support/progress.ts";
import { stream } from "../support/random.ts";
import { readStored, writeStored } from "../training/checkpoint.ts";
import { forget, type History, runLoop, type Surroundings } from "../training/loop.ts";
import { compensatorStateTypes, traceCompensatorStep } from "./compensator-step.ts";
import { keyOf } from "./key.ts";
import type { Prepared } from "./prepare.ts";
import type { Recipe } from "./recipe.ts";
import type { Teacher } from "./teacher.ts";

/** u_kj, or rather where it lies: compensators wait on the disk, so that memory does not grow with their number. */
export interface Compensator {
  readonly base: number;
  readonly teacher: number;
  readonly file: string;
  readonly history: History;
}

/** Largest cyclic shift in pixels: 4 at 32x32 and below, 32 at 224x224 and above (method.md: t of the two recipes). */
const largestShift = (side: number): number => Math.max(4, Math.min(32, Math.round(side / 8)));

/** Where row i of an image cyclically shifted by `by` comes from. */
const rolled = (length: number, by: number): Tensor =>
  tensor(
    BigInt64Array.from({ length }, (_, i) => BigInt((i - by + length) % length)),
    [length],
  );

/** The compensator's values, [3, H, W]. */
export const readCompensator = async (file: string): Promise<Float32Array> =>
  (await readStored(file))!.tensors.u!.data as Float32Array;

/**
 * K x M compensators into `folder`, finished ones kept. `bases` are pixels [K, C, 3, H, W] and `picks` says which training
 * images they are. One graph a teacher serves all K base sets.
 */
export const makeCompensators = async (
  recipe: Recipe,
  data: Prepared,
  teachers: readonly Teacher[],
  bases: Uint8Array,
  device: Device,
  folder: string,
  surroundings: Surroundings,
): Promise<Compensator[]> => {
  const { classes, image } = data.task;
  const setSize = classes * 3 * image.height * image.width;
  const count = bases.length / setSize;
  const { iterations, alpha, seed } = recipe;
  const made: Compensator[] = [];
  const overall = surroundings.progress.task(
    `${count * teachers.length} compensators`,
    count * teachers.length * iterations,
  );
  const within: Progress = {
    ...surroundings.progress,
    task: () => ({
      update: (step, detail) => overall.update(made.length * iterations + step, detail),
      done: () => undefined,
    }),
  };
  for (const [j, teacher] of teachers.entries()) {
    const optimiser = adam({ beta1: 0.5, beta2: 0.9, epsilon: 1e-8 });
    const types = compensatorStateTypes(teacher, optimiser);
    const learningRate = cosine(0.25, iterations);
    const open = () => device.compileStep(traceCompensatorStep(teacher, optimiser, data.dataset.normalisation, alpha));
    let stepper: Awaited<ReturnType<typeof open>> | undefined;
    for (let k = 0; k < count; k++) {
      const file = `${folder}/${k}-${j}.safetensors`;
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
      });
      const stored = await readStored(file);
      if (stored?.metadata.key === key) {
        made.push({ base: k, teacher: j, file, history: JSON.parse(stored.metadata.history!) as History });
      } else {
        stepper ??= await open();
        const base = normalise(
          bases.subarray(k * setSize, (k + 1) * setSize),
          data.dataset.normalisation,
          image.height,
          image.width,
        );
        const checkpoint = { file: `${folder}/${k}-${j}.partial`, key };
        const zero = (): Tensor => tensor(new Float32Array(3 * image.height * image.width), types.u.shape);
        const { state, history } = await runLoop(
          {
            title: `compensator of base ${k + 1}/${count}, teacher ${j + 1}/${teachers.length}`,
            stepper,
            types,
            steps: iterations,
            start: () => ({
              u: zero(),
              slots: { first: zero(), second: zero() },
              base: tensor(base, types.base.shape),
            }),
            feeds: async (step) => {
              const random = stream(seed, "compensator", k, j, step);
              return {
                rows: rolled(image.height, random.int(largestShift(image.height) + 1)),
                columns: rolled(image.width, random.int(largestShift(image.width) + 1)),
                hyper: hyperTensors(optimiser.hyper(step, learningRate(step))),
              };
            },
            checkpoint,
            advice: `lower alpha (it is ${alpha}; --alpha) and run again, into another --out, or check the teacher's accuracy (${teacher.accuracy.toFixed(1)} %)`,
          },
          { ...surroundings, progress: within },
        );
        const u = tensor(state.u.data, [3, image.height, image.width]);
        await writeStored(file, { tensors: { u }, metadata: { key, history: JSON.stringify(history) } });
        await forget(checkpoint);
        made.push({ base: k, teacher: j, file, history });
      }
      overall.update(made.length * iterations);
    }
    await stepper?.release();
  }
  overall.done();
  return made;
};
