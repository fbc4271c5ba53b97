import { buildModel, checkArchitecture } from "../models/registry.ts";
import type { Device } from "../runtime/index.ts";
import { DistilleryError } from "../support/errors.ts";
import type { Surroundings } from "../training/loop.ts";
import type { Prepared } from "./prepare.ts";
import type { Recipe } from "./recipe.ts";
import { readTeacher, type Teacher } from "./teacher.ts";
import { trainTeacher } from "./train-teacher.ts";

/** Whether a recipe's teacher is the path of a weight file rather than the name of an architecture. */
const isFile = (teacher: string): boolean => teacher.endsWith(".safetensors");

/** Fails on a misspelt architecture, or on nothing to watch, before any work is done. */
export const checkTeachers = (recipe: Recipe): void => {
  if (recipe.teacher.watch === "validation" && recipe.validation === 0) {
    throw new DistilleryError(
      "RECIPE",
      "teacher.watch: validation, but validation is 0, so there are no such images; hold some out, or watch test or none",
    );
  }
  for (const teacher of recipe.teachers) if (!isFile(teacher)) checkArchitecture(teacher);
};

const readNamed = async (file: string, data: Prepared): Promise<Teacher> => {
  const teacher = await readTeacher(file, data);
  if (teacher !== undefined) return teacher;
  throw new DistilleryError("CHECKPOINT", `teacher ${file}: no such file; train one with distillery teach`);
};

/** What is known of a teacher before any is trained. */
export interface Candidate {
  readonly architecture: string;
  /** Of its weight file, where there is one. */
  readonly sha256?: string;
}

/** The teachers of a recipe as far as they are known. @throws USAGE, CHECKPOINT for one that does not fit the data. */
export const findCandidates = async (recipe: Recipe, data: Prepared): Promise<Candidate[]> => {
  const candidates: Candidate[] = [];
  for (const name of recipe.teachers) {
    if (isFile(name)) {
      const { model, sha256 } = await readNamed(name, data);
      candidates.push({ architecture: model.name, sha256 });
    } else candidates.push({ architecture: buildModel(name, data.task).name });
  }
  return candidates;
};

/** The teachers of a recipe in its order, trained in `folder` where they are not there yet, or read from their files. */
export const obtainTeachers = async (
  recipe: Recipe,
  data: Prepared,
  device: Device,
  folder: string,
  surroundings: Surroundings,
): Promise<Teacher[]> => {
  const teachers: Teacher[] = [];
  for (const [index, name] of recipe.teachers.entries()) {
    teachers.push(
      isFile(name)
        ? await readNamed(name, data)
        : await trainTeacher(recipe, index, data, device, folder, surroundings),
    );
  }
  return teachers;
};
