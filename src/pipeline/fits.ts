// Checks that a set fits the data and the teachers that it is measured with.
import { formatNormalisation, isAlike } from "../data/normalisation.ts";
import { drawImages } from "../distill/select/draw.ts";
import type { Prepared } from "../recipe/prepare.ts";
import type { Recipe } from "../recipe/recipe.ts";
import { classMismatch, sizeMismatch } from "../sets/compatibility.ts";
import { type DistilledSet, readSet } from "../sets/index.ts";
import { DistilleryError } from "../support/errors.ts";
import type { Teacher } from "../teachers/teacher.ts";
import { type Candidate, obtainTeachers } from "../teachers/teachers.ts";
import type { Run } from "./open.ts";

/** Fails if the teachers are not those that a set was made with, as far as is known of them. */
const compareTeachers = (set: DistilledSet, given: readonly Candidate[], setFolder: string): void => {
  const short = ({ architecture, sha256 }: Candidate): string =>
    sha256 === undefined ? `${architecture}, to be trained` : `${architecture} with sha256 ${sha256.slice(0, 12)}...`;
  const wanted = set.manifest.teachers;
  for (let j = 0; j < Math.max(wanted.length, given.length); j++) {
    const [want, got] = [wanted[j], given[j]];
    if (want?.architecture === got?.architecture && (got?.sha256 ?? want?.sha256) === want?.sha256) continue;
    throw new DistilleryError(
      "SET",
      `${setFolder}: its teacher ${j + 1} of ${wanted.length} is ${want ? short(want) : "none"}, but the recipe's is ${got ? short(got) : "none"}; ` +
        "give the weight files the set was made with, in its order, e.g. --teachers run/2-teachers/0-....safetensors",
    );
  }
};

/** True where evaluation labels anything: random images for static labels, whole batches for dynamic ones. */
const needsTeachers = ({ labels }: Recipe): boolean => labels.some((kind) => kind !== "hard");

/** The teachers a set was made with, where any are needed: they label random images and dynamic batches. */
export const teachersOf = async (run: Run, set: DistilledSet, setFolder: string): Promise<Teacher[]> => {
  if (!needsTeachers(run.recipe)) return [];
  const teachers = await obtainTeachers({ ...run, folder: run.folder.teachers });
  const known = teachers.map(({ model, sha256 }) => ({ architecture: model.name, sha256 }));
  compareTeachers(set, known, setFolder);
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

/** The set in a folder, which fits data and teachers. @throws SET where it does not, BUDGET for want of random images. */
export const readFitting =
  (setFolder: string) =>
  async (recipe: Recipe, data: Prepared, candidates: readonly Candidate[]): Promise<DistilledSet> => {
    const set = await readSet(setFolder);
    checkData(set, data, setFolder);
    // As many random images are measured beside the set.
    drawImages(data, set.manifest.budget.ipc, recipe);
    if (needsTeachers(recipe)) compareTeachers(set, candidates, setFolder);
    return set;
  };
