// Checks that a set fits the data and the teachers that it is measured with.
import { formatNormalisation, isAlike } from "../data/normalisation.ts";
import { drawImages } from "../distill/select/draw.ts";
import type { Prepared } from "../recipe/prepare.ts";
import type { Recipe } from "../recipe/recipe.ts";
import { classMismatch, sizeMismatch } from "../sets/compatibility.ts";
import { type DistilledSet, readSet } from "../sets/index.ts";
import { DistilleryError } from "../support/errors.ts";
import { readRegularFile, sha256 } from "../support/files.ts";
import type { Teacher } from "../teachers/teacher.ts";
import { type Candidate, obtainTeachers } from "../teachers/teachers.ts";
import { teacherFile } from "../teachers/train-teacher.ts";
import type { RunFolder } from "./folder/run-folder.ts";
import type { Run } from "./open.ts";

/** Says how teachers are not those that a set was made with, as far as is known of them; undefined where they are. */
const teacherMismatch = (set: DistilledSet, given: readonly Candidate[]): string | undefined => {
  const short = ({ architecture, sha256 }: Candidate): string =>
    sha256 === undefined ? `${architecture}, to be trained` : `${architecture} with sha256 ${sha256.slice(0, 12)}...`;
  const wanted = set.manifest.teachers;
  for (let j = 0; j < Math.max(wanted.length, given.length); j++) {
    const [want, got] = [wanted[j], given[j]];
    if (want?.architecture === got?.architecture && (got?.sha256 ?? want?.sha256) === want?.sha256) continue;
    return `its teacher ${j + 1} of ${wanted.length} is ${want ? short(want) : "none"}, but the recipe's is ${got ? short(got) : "none"}`;
  }
  return undefined;
};

const otherTeachers = (setFolder: string, mismatch: string, { labels }: Recipe): DistilleryError =>
  new DistilleryError(
    "SET",
    `${setFolder}: ${mismatch}; give the weight files the set was made with, in its order, e.g. --teachers run/2-teachers/0-....safetensors; or ` +
      (labels.includes("dynamic")
        ? "leave dynamic out of --labels, as such labels ask those teachers at every step"
        : "none, and random images are left out"),
  );

/** The teachers as they are known once those that lie in a run's folder are looked at. */
const withTrained = (candidates: readonly Candidate[], folder: RunFolder): Promise<Candidate[]> =>
  Promise.all(
    candidates.map(async (candidate, index) => {
      if (candidate.sha256 !== undefined) return candidate;
      const file = teacherFile(folder.teachers, index, candidate.architecture);
      const bytes = await readRegularFile(file).catch(() => undefined);
      return bytes === undefined ? candidate : { ...candidate, sha256: sha256(bytes) };
    }),
  );

/** A set that fits, and the word on its teachers. */
export interface Fitting {
  readonly set: DistilledSet;
  /** True where they are there, or have to be: they label random images, and batches of dynamic labels. */
  readonly taught: boolean;
}

/** The teachers that a set was made with, as far as they are needed and given. */
export const teachersOf = async (run: Run, { set, taught }: Fitting, setFolder: string): Promise<Teacher[]> => {
  if (!taught) return [];
  const teachers = await obtainTeachers({ ...run, folder: run.folder.teachers });
  const known = teachers.map(({ model, sha256 }) => ({ architecture: model.name, sha256 }));
  const mismatch = teacherMismatch(set, known);
  if (mismatch !== undefined) throw otherTeachers(setFolder, mismatch, run.recipe);
  return teachers;
};

const checkData = (set: DistilledSet, { dataset }: Prepared, folder: string): void => {
  const { classes, image, normalisation } = set.manifest;
  const apart = classMismatch(classes, dataset.classes) ?? sizeMismatch(image, dataset.image);
  if (apart !== undefined) {
    throw new DistilleryError(
      "SET",
      `${folder} does not fit the data ${dataset.name}, ${apart}; give the data that the set was made from`,
    );
  }
  if (!isAlike(normalisation, dataset.normalisation)) {
    throw new DistilleryError(
      "SET",
      `${folder} was made for images normalised by ${formatNormalisation(normalisation)}, but ${dataset.name} is by ${formatNormalisation(dataset.normalisation)}; ` +
        "give the data and the --normalisation that the set was made with",
    );
  }
};

/**
 * Tells whether the teachers are there that random images are labelled by, and dynamic batches. Static labels lie in the set:
 * teachers that would have to be trained for random images' sake are as good as not given.
 * @throws SET where others are given, or none for dynamic labels.
 */
const findTaught = async (
  set: DistilledSet,
  recipe: Recipe,
  candidates: readonly Candidate[],
  folder: RunFolder,
  setFolder: string,
): Promise<boolean> => {
  if (recipe.labels.every((kind) => kind === "hard")) return false;
  const found = await withTrained(candidates, folder);
  const mismatch = teacherMismatch(set, found);
  if (mismatch === undefined && found.every(({ sha256 }) => sha256 !== undefined)) return true;
  const asked = recipe.labels.includes("dynamic");
  const given = candidates.some(({ sha256 }) => sha256 !== undefined);
  if (mismatch !== undefined && (asked || given)) throw otherTeachers(setFolder, mismatch, recipe);
  return asked;
};

/** The set in a folder, which fits data and teachers. @throws SET where it does not, BUDGET for want of random images. */
export const readFitting =
  (setFolder: string, folder: RunFolder) =>
  async (recipe: Recipe, data: Prepared, candidates: readonly Candidate[]): Promise<Fitting> => {
    const set = await readSet(setFolder);
    checkData(set, data, setFolder);
    const taught = await findTaught(set, recipe, candidates, folder, setFolder);
    // As many random images are measured beside the set.
    if (taught || recipe.labels.includes("hard")) drawImages(data, set.manifest.budget.ipc, recipe);
    return { set, taught };
  };
