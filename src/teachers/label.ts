// Soft labels: the teachers' mean outputs.
import type { Device } from "../runtime/index.ts";
import type { Context } from "../support/work/context.ts";
import { stopIfAborted } from "../support/work/interrupt.ts";
import { paceOf } from "../support/work/rehearsal.ts";
import type { ImageSource } from "../training/image-source.ts";
import { imagesAtOnce, openClassifier } from "../training/predict.ts";
import type { Frozen } from "../training/train-step.ts";

/** Mean of what the teachers put out for images: [n, outputs], the logits of a classification. */
export const meanLogits = async (
  device: Device,
  teachers: readonly Frozen[],
  { length, images }: ImageSource,
  title: string,
  { progress, signal, rehearsal }: Context,
): Promise<Float32Array> => {
  const { task } = teachers[0]!.model;
  const atOnce = 2 * imagesAtOnce(task);
  const bar = progress.task(title, teachers.length * length);
  const sums = new Float64Array(length * task.outputs);
  for (const [j, teacher] of teachers.entries()) {
    const classifier = await openClassifier(device, teacher);
    const pace = paceOf(rehearsal, `labels by ${teacher.model.name}`, Math.ceil(length / atOnce));
    for (let from = 0; from < length && pace.more(); from += atOnce) {
      stopIfAborted(signal, title);
      const indices = Int32Array.from({ length: Math.min(atOnce, length - from) }, (_, i) => from + i);
      const logits = await classifier.logits(await images(indices));
      for (const [i, z] of logits.entries()) sums[from * task.outputs + i]! += z;
      bar.update(j * length + from + indices.length);
      pace.tick();
    }
    pace.end();
    await classifier.release();
  }
  bar.done();
  return Float32Array.from(sums, (sum) => sum / teachers.length);
};
