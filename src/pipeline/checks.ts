// Checks made before anything is computed.
import { budgetFor, layoutFor, type Method } from "../distill/method.ts";
import { drawImages } from "../distill/select/draw.ts";
import { untraceable } from "../models/own/onnx-file.ts";
import { buildModel } from "../models/registry.ts";
import type { Prepared } from "../recipe/prepare.ts";
import type { Recipe } from "../recipe/recipe.ts";
import { exceedsArrayLimit } from "../support/array-limit.ts";
import { DistilleryError } from "../support/errors.ts";
import type { Context } from "../support/work/context.ts";
import type { Candidate } from "../teachers/teachers.ts";
import { checkImages, imagesTaken } from "./image-count.ts";
import { methodOf } from "./recipe/method.ts";
import { labelsFor } from "./set.ts";
import { checkSetBytes } from "./set-limit.ts";

/** Some methods ask of images what only BatchNorm layers know. */
const checkStatistics = ({ name, needs }: Method, data: Prepared, candidates: readonly Candidate[]): void => {
  const { statistics, teachers: which } = needs;
  if (!statistics) return;
  const asked = which === "one" ? candidates.slice(0, 1) : candidates;
  const names = asked.map(({ architecture }) => architecture);
  const models = names.map((teacher) => buildModel(teacher, data.task));
  if (models.some(({ norms }) => Object.keys(norms).length > 0)) return;
  const folded = models.some(({ trained }) => trained !== undefined)
    ? "; exporters fold it into convolutions: export the ONNX file as docs/own-networks.md says"
    : "";
  throw new DistilleryError(
    "RECIPE",
    `teachers: ${name} needs a teacher with BatchNorm${which === "one" ? " in the first place" : ""}, but ${names.join(", ")} has none; give one such as convnet or resnet18, or leave ${name} out${folded}`,
  );
};

/** Methods learn through their teachers, and dynamic labels are made inside of a student's step. */
const checkGradients = (
  { name, needs }: Method,
  { labels }: Recipe,
  data: Prepared,
  candidates: readonly Candidate[],
): void => {
  const asked = needs.teachers === "one" ? candidates.slice(0, 1) : candidates;
  const dynamic = labels.includes("dynamic");
  if (needs.teachers === "none" && !dynamic) return;
  for (const { architecture } of dynamic ? candidates : asked) {
    const { opaque } = buildModel(architecture, data.task);
    if (opaque === undefined) continue;
    const what = needs.teachers === "none" ? "dynamic labels need" : `${name} needs`;
    throw new DistilleryError(
      "RECIPE",
      `teachers: ${what} the gradients of ${opaque.path}, but ${untraceable(opaque.lacks)}`,
    );
  }
};

/** The base images of a set are held in one array. */
const checkMemory = ({ task }: Prepared, bases: number): void => {
  // Fewer than one image a class there are not.
  const remedy = bases > 1 ? "a smaller --ipc or --resize" : "a smaller --resize";
  const { height, width } = task.image;
  const problem = exceedsArrayLimit(bases * task.classes * 3 * height * width);
  if (problem === undefined) return;
  throw new DistilleryError(
    "BUDGET",
    `${bases} images of each of ${task.classes} classes at ${height}x${width} ${problem}, ${remedy}`,
  );
};

/**
 * Fails on a set that cannot be made, before anything is computed: its budget, the images that it needs of each class, the
 * bytes of its labels and of all of it, its size in memory, its teachers.
 * @throws BUDGET, RECIPE.
 */
export const checkPlan = async (
  recipe: Recipe,
  data: Prepared,
  candidates: readonly Candidate[],
  context: Context,
): Promise<void> => {
  const { ipc } = recipe;
  const { task } = data;
  const method = methodOf(recipe.method);
  checkImages(recipe, data, candidates.length);
  const budget = budgetFor(method, recipe.method, ipc, task.classes, candidates.length);
  const layout = layoutFor(recipe.method, budget, data);
  const drawn = drawImages(data, imagesTaken(recipe, data, budget), recipe);
  labelsFor(recipe, layout);
  checkMemory(data, budget.bases);
  checkGradients(method, recipe, data, candidates);
  checkStatistics(method, data, candidates);
  for (const architecture of method.trains?.(recipe.method) ?? []) buildModel(architecture, task);
  await checkSetBytes(recipe, data, { layout, drawn }, context);
};
