import { checkArchitecture } from "../models/registry.ts";
import type { Device } from "../runtime/index.ts";
import { DistilleryError } from "../support/errors.ts";
import type { Surroundings } from "../training/loop.ts";
import type { Prepared } from "./prepare.ts";
import type { Recipe } from "./recipe.ts";
import { readTeacher, type Teacher, trainTeacher } from "./teacher.ts";

/** Whether a recipe's teacher is the path of a weight file rather than the name of an architecture. */
const isFile = (teacher: string): boolean => teacher.endsWith(".safetensors");

/** Fails on a misspelt architecture before any work is done. */
export const checkTeachers = (recipe: Recipe): void => {
  for (const teacher of recipe.teachers) if (!isFile(teacher)) checkArchitecture(teacher);
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
    if (!isFile(name)) {
      teachers.push(await trainTeacher(recipe, index, data, device, folder, surroundings));
      continue;
    }
    const teacher = await readTeacher(name, data);
    if (teacher === undefined)
      throw new DistilleryError("CHECKPOINT", `teacher ${name}: no such file; train one with distillery teach`);
    teachers.push(teacher);
  }
  return teachers;
};
