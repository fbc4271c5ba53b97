// Several teachers as one classifier.
import type { Device } from "../runtime/index.ts";
import { openEach } from "../training/jobs.ts";
import { type Classifier, openClassifier } from "../training/predict.ts";
import type { Frozen } from "../training/train-step.ts";

/** Mean of what all teachers put out, from classifiers that are open together. */
export const openEnsemble = async (device: Device, teachers: readonly Frozen[], batch: number): Promise<Classifier> => {
  const open = await openEach(teachers, (teacher) => openClassifier(device, teacher, batch));
  return {
    logits: async (images) => {
      const sums = await open[0]!.logits(images);
      for (const other of open.slice(1)) for (const [i, z] of (await other.logits(images)).entries()) sums[i]! += z;
      return sums.map((sum) => sum / open.length);
    },
    release: async () => {
      for (const classifier of open) await classifier.release();
    },
  };
};
