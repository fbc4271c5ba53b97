// The teachers of a recipe, found or trained.
import { buildModel } from "../models/registry.ts";
import type { Prepared } from "../recipe/prepare.ts";
import type { Recipe } from "../recipe/recipe.ts";
import type { Work } from "../recipe/work.ts";
import { DistilleryError } from "../support/errors.ts";
import { eachOf } from "../support/work/executor.ts";
import { obtainForeign, readForeign } from "./foreign-teacher.ts";
import { chanceOf, warningsOf } from "./guessing.ts";
import { readTeacher, type Teacher } from "./teacher.ts";
import { checkTeacherName, wantedTeacher } from "./teacher-names.ts";
import { trainTeacher } from "./train-teacher.ts";

/** Fails on a misspelt architecture, or on nothing to watch, before any work is done. */
export const checkTeachers = (recipe: Recipe): void => {
  if (recipe.teacher.watch === "validation" && recipe.validation === 0) {
    throw new DistilleryError(
      "RECIPE",
      "teacher.watch: validation, but validation is 0, so there are no such images; hold some out, or watch test or none",
    );
  }
  for (const teacher of recipe.teachers) checkTeacherName(teacher);
};

const readNamed = async (file: string, data: Prepared): Promise<Teacher> => {
  const teacher = await readTeacher(file, data);
  if (teacher !== undefined) return teacher;
  throw new DistilleryError("CHECKPOINT", `teacher ${file}: no such file; train one with distillery teach`);
};

/** A teacher as it is known before any is trained. */
export interface Candidate {
  readonly architecture: string;
  /** Hash of its weight file, where there is one. */
  readonly sha256?: string;
}

const findCandidate = async (entry: string, data: Prepared): Promise<Candidate> => {
  const wanted = wantedTeacher(entry);
  if (wanted.kind === "trained") return { architecture: buildModel(wanted.architecture, data.task).name };
  const { model, sha256 } =
    wanted.kind === "file" ? await readNamed(wanted.file, data) : await readForeign(wanted, data);
  return { architecture: model.name, sha256 };
};

/**
 * The teachers of a recipe as far as they are known. One architecture may be trained several times, each time from
 * other weights; one weight file says nothing new the second time. @throws USAGE, CHECKPOINT for one that does not fit
 * the data, RECIPE for the same weights twice.
 */
export const findCandidates = async ({ teachers }: Recipe, data: Prepared): Promise<Candidate[]> => {
  const candidates: Candidate[] = [];
  // One after the other: the weights of one at a time are in memory.
  for (const entry of teachers) {
    const candidate = await findCandidate(entry, data);
    const before = candidates.findIndex(({ sha256 }) => sha256 !== undefined && sha256 === candidate.sha256);
    if (before >= 0) {
      throw new DistilleryError(
        "RECIPE",
        `teachers: ${teachers[before]} and ${entry} are the same weights; leave one out`,
      );
    }
    candidates.push(candidate);
  }
  return candidates;
};

/**
 * The teachers of a recipe in its order, read from their files, or trained in its folder where they are not there yet. Those of
 * other programs are measured there.
 */
export const obtainTeachers = async (work: Work): Promise<Teacher[]> => {
  const obtain = (entry: string, index: number): Promise<Teacher> => {
    const wanted = wantedTeacher(entry);
    switch (wanted.kind) {
      case "trained":
        return trainTeacher(work, index);
      case "file":
        return readNamed(wanted.file, work.data);
      case "foreign":
        return obtainForeign(work, index, wanted);
    }
  };
  const { labels } = work.data.dataset.test;
  return eachOf(work, work.recipe.teachers, async (entry, index) => {
    const teacher = await obtain(entry, index);
    // Those of other programs are judged where they are measured, with advice of their own.
    const { accuracy, epochs, model } = teacher;
    if (epochs === undefined) return teacher;
    const judged = { architecture: model.name, accuracy, epochs, chance: chanceOf(accuracy, labels) };
    for (const warning of warningsOf([judged])) work.progress.note(`WARNING: ${warning}`);
    return teacher;
  });
};
