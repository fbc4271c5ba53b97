// Writing the report of a comparison.
import { join } from "node:path";
import type { ComparedSet, Comparison } from "../../evaluation/comparison.ts";
import { conclusionsOf } from "../../evaluation/conclusions.ts";
import { schemaIds } from "../../evaluation/json-schema.ts";
import { renderComparison } from "../../report/comparison/html.ts";
import { renderComparisonMarkdown } from "../../report/comparison/markdown.ts";
import { describeCompensators, describeLabels, type Manifest, weighSet } from "../../sets/index.ts";
import { writeAtomic, writeJson } from "../../support/files.ts";
import { shellWord } from "../../support/format.ts";
import { version } from "../../support/version.ts";
import type { Teacher } from "../../teachers/teacher.ts";
import { readSeconds } from "../folder/run-folder.ts";
import type { Run } from "../open.ts";
import { plainRecipe } from "../recipe/file.ts";
import { bytesAround, describeDataset, describeHardware, describeTeachers } from "../reporting.ts";
import { costOf } from "./account.ts";
import { type CompareFolder, type SetOf, setPath } from "./folder.ts";

/** A set of a comparison: what it is, weighs and took. */
export const describeSet = async (
  folder: CompareFolder,
  one: SetOf,
  manifest: Manifest,
  iterations: unknown,
): Promise<ComparedSet> => {
  const path = setPath(one);
  const { method, budget, classes, compensators, labels } = manifest;
  return {
    method,
    ipc: budget.ipc,
    ...(one.variant !== undefined && { variant: one.variant }),
    ...(one.draw !== undefined && { draw: one.draw }),
    folder: path,
    budget,
    bytes: await weighSet(join(folder.path, path)),
    compensators: describeCompensators(compensators.dtype),
    labels: describeLabels(labels, classes.length),
    ...(typeof iterations === "number" && { iterations }),
    ...(await costOf(folder, one)),
  };
};

/** Seconds by stage of what all sets share; those of sets are told with them. */
const sharedSeconds = async (folder: CompareFolder): Promise<Record<string, number>> => {
  const all = await readSeconds(folder);
  const shared = ["data", "teachers", "students"].flatMap((stage) =>
    all[stage] === undefined ? [] : [[stage, all[stage]] as const],
  );
  return Object.fromEntries(shared);
};

/** A table as far as it is known. */
interface Table extends Pick<Comparison, "sets" | "rows"> {
  /** Names of what students are still to be trained on. */
  readonly pending: readonly string[];
  /** Pieces whose jobs failed, each with the message. */
  readonly failed: readonly string[];
}

/** comparison.json, comparison.md and comparison.html. */
export const writeComparison = async (
  { recipe, folder, device, data, best }: Run<CompareFolder>,
  teachers: readonly Teacher[],
  { sets, rows, pending, failed }: Table,
): Promise<Comparison> => {
  const comparison: Comparison = {
    format: "distillery-comparison",
    $schema: schemaIds.comparison,
    version: 1,
    distillery: version(),
    data: describeDataset(data),
    bytes: bytesAround(data, teachers),
    teachers: describeTeachers(teachers, data),
    sets,
    rows,
    ...conclusionsOf({ rows }),
    ...(pending.length > 0 && { pending }),
    ...(failed.length > 0 && { failed }),
    seconds: await sharedSeconds(folder),
    seed: recipe.seed,
    device: device.name,
    hardware: describeHardware(),
    recipe: plainRecipe(recipe),
    ...(best !== undefined && { best }),
    folder: folder.path,
    command: `distillery compare --recipe ${shellWord(join(folder.path, "recipe.yaml"))} --out ${shellWord(`${folder.path}-again`)}`,
  };
  await writeJson(folder.reportJson, comparison);
  await writeAtomic(folder.comparisonMarkdown, renderComparisonMarkdown(comparison));
  await writeAtomic(folder.reportHtml, renderComparison(comparison));
  return comparison;
};
