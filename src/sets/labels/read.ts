// The stored labels of a set, row by row.
import { layoutOf } from "../layout.ts";
import type { DistilledSet } from "../set.ts";
import { unpackLabels } from "./encoding.ts";

/** The stored logits of a set, expanded when they are asked for: dense ones of ImageNet-1k would fill the memory. */
export interface TrainingLabels {
  /** As many as there are training images. */
  readonly length: number;
  /** Logits of some rows, [n, C]. */
  read(rows: ArrayLike<number>): Float32Array<ArrayBuffer>;
}

/** Row for row the labels of `openImages`; undefined when the set stores none. Copies of a base share its row. */
export const trainingLabels = (set: Pick<DistilledSet, "manifest" | "labels">): TrainingLabels | undefined => {
  const { labels: choice, budget } = set.manifest;
  if (choice.kind === "none") return undefined;
  const { classes, labelled } = layoutOf(set.manifest);
  const write = unpackLabels(choice, set.labels, classes);
  return {
    length: budget.trainingImages,
    read: (rows) => {
      const logits = new Float32Array(rows.length * classes);
      for (let i = 0; i < rows.length; i++) write(rows[i]! % labelled, logits, i * classes);
      return logits;
    },
  };
};
