// Least numbers of steps, turned into epochs once the number of images is known.
import type { Prepared } from "../../recipe/prepare.ts";
import type { Recipe } from "../../recipe/recipe.ts";
import { formatCount, plural } from "../../support/format.ts";
import { wantedTeacher } from "../../teachers/teacher-names.ts";

interface Training {
  readonly epochs: number;
  readonly batch: number;
  readonly minSteps?: number;
}

/** A group with the epochs that its least number of steps takes, and no such number any more. */
const inEpochs = <Group extends Training>(group: Group, images: number) => {
  const { minSteps, ...rest } = group;
  const perEpoch = Math.ceil(images / Math.min(group.batch, images));
  // No epochs at all are asked for on purpose.
  const least = minSteps === undefined || group.epochs === 0 ? 0 : Math.ceil(minSteps / perEpoch);
  return { ...rest, epochs: Math.max(group.epochs, least) };
};

/** A recipe whose epochs on all the data are final, with a line for each number that few images have raised. */
export const settleSteps = (
  recipe: Recipe,
  { train }: Pick<Prepared, "train">,
): { readonly recipe: Recipe; readonly notes: readonly string[] } => {
  const trained = recipe.teachers.some((name) => wantedTeacher(name).kind === "trained");
  const settled = {
    ...recipe,
    // Nothing is said of steps that no teacher takes.
    teacher: inEpochs(recipe.teacher, trained ? train.length : Number.POSITIVE_INFINITY),
    full: inEpochs(recipe.full, train.length),
  };
  const notes = (["teacher", "full"] as const).flatMap((group) => {
    const [{ epochs, minSteps = 0 }, raised] = [recipe[group], settled[group].epochs];
    if (raised === epochs) return [];
    return `${group}.epochs: ${raised} in place of ${epochs}, as ${plural(train.length, "training image")} need so many for ${formatCount(minSteps)} steps (--${group}-min-steps; --${group}-epochs goes before it)`;
  });
  return { recipe: settled, notes };
};
