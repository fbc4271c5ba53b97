// The set of a comparison that its lines to copy are about.
import type { Comparison } from "../../evaluation/comparison.ts";
import { measured } from "../../evaluation/statistics.ts";
import type { UsedSet } from "../sections/use.ts";
import { clearlyBest, tablesOf } from "./summary.ts";

/** The set that the heading calls clearly best; where it calls none so, the first of the first table. */
export const usedSet = (comparison: Comparison): UsedSet | undefined => {
  const { folder, sets } = comparison;
  const [table] = tablesOf(comparison);
  const row = clearlyBest(comparison)?.row ?? table?.rows.map((compared) => compared.row).find(measured);
  const set = sets.find(
    ({ method, ipc, variant }) => row?.method === method && row.ipc === ipc && row.variant === variant,
  );
  if (row === undefined || set === undefined) return undefined;
  return {
    folder: folder === undefined ? set.folder : `${folder}/${set.folder}`,
    student: row.student,
    soft: set.bytes.labels > 0,
  };
};
