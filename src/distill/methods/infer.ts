import { budgetFor } from "../../sets/index.ts";
import type { Stage } from "../../teachers/stage.ts";
import type { Teacher } from "../../teachers/teacher.ts";
import { makeCompensators, readCompensator } from "../compensators.ts";
import { noiseLike } from "../noise.ts";
import { chooseBases } from "../select/bases.ts";
import type { Made, Method } from "./method.ts";

/** What becomes of the compensator of base set k and teacher j before it is stored. */
type Change = (u: Float32Array, seed: number, k: number, j: number) => Float32Array;

const unchanged: Change = (u) => u;

/** K base sets and a compensator for each of them and of `by`. */
const compensated = async (stage: Stage, by: readonly Teacher[], change: Change): Promise<Made> => {
  const { recipe, data } = stage;
  const bases = await chooseBases(stage, basesOf(stage));
  const made = await makeCompensators({ ...stage, teachers: by }, bases);
  const { height, width } = data.task.image;
  const size = 3 * height * width;
  const compensators = new Float32Array(made.length * size);
  for (const { base, teacher, file } of made) {
    const u = await readCompensator(file);
    compensators.set(change(u, recipe.seed, base, teacher), (base * by.length + teacher) * size);
  }
  const curves = made.map(({ base, teacher, history }) => ({ name: `base ${base}, teacher ${teacher}`, history }));
  return { bases: await bases.all(), compensators, curves };
};

/** K of the method. */
const basesOf = ({ recipe, data, teachers }: Stage): number =>
  budgetFor(recipe.method, recipe.ipc, data.task.classes, teachers.length).bases;

/** INFER (Zhang, Du, Liu and Zhou, ICLR 2025, arXiv 2408.06927): `traceCompensatorStep` has the equation. */
export const infer: Method = {
  name: "infer",
  teachers: "all",
  statistics: true,
  make: (stage) => compensated(stage, stage.teachers, unchanged),
};

/** u = 0. */
export const inferCopies: Method = {
  name: "infer-copies",
  teachers: "none",
  make: async (stage) => ({ bases: await (await chooseBases(stage, basesOf(stage))).all(), curves: [] }),
};

export const inferNoise: Method = {
  name: "infer-noise",
  teachers: "all",
  statistics: true,
  make: (stage) => compensated(stage, stage.teachers, noiseLike),
};

export const inferOneTeacher: Method = {
  name: "infer-one-teacher",
  teachers: "one",
  statistics: true,
  make: (stage) => compensated(stage, stage.teachers.slice(0, 1), unchanged),
};
