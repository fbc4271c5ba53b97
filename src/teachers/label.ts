// Soft labels: the teachers' mean outputs.
import { floats, tensor } from "../autodiff/index.ts";
import type { Device } from "../runtime/index.ts";
import { keyOf } from "../support/key.ts";
import { stopIfAborted } from "../support/work/interrupt.ts";
import { paceOf } from "../support/work/rehearsal.ts";
import type { ImageSource } from "../training/image-source.ts";
import { type JobKind, keptTensor, runKept, tensorStore } from "../training/kept.ts";
import { estimateBytes } from "../training/memory.ts";
import { type Classifier, imagesAtOnce, traceClassifier, withClassifier } from "../training/predict.ts";
import type { Frozen } from "../training/train-step.ts";
import type { Stage } from "./stage.ts";

/** Images that teachers label. */
export interface Labelled {
  /** Names the file of their labels in the stage's folder. */
  readonly name: string;
  readonly title: string;
  readonly length: number;
  /** Whatever determines the images. */
  readonly key: Readonly<Record<string, unknown>>;
  /** Opens the images on the device of whoever labels them. */
  open(device: Device): Promise<ImageSource & { release?(): Promise<void> }>;
}

/** The kind of jobs that label images. */
const labelling = ({ title, length, open }: Labelled): JobKind<Stage> => ({
  kind: "labels",
  store: tensorStore,
  open:
    async ({ teachers }) =>
    async (_, { device }, { progress, signal, rehearsal }) => {
      const { task } = teachers[0]!.model;
      const atOnce = 2 * imagesAtOnce(task);
      const bar = progress.task(title, teachers.length * length);
      const sums = new Float64Array(length * task.outputs);
      const { images, release } = await open(device);
      const labelBy = (teacher: Frozen, done: number) => async (classifier: Classifier) => {
        const pace = paceOf(rehearsal, `labels by ${teacher.model.name}`, Math.ceil(length / atOnce));
        for (let from = 0; from < length && pace.more(); from += atOnce) {
          stopIfAborted(signal, title);
          const indices = Int32Array.from({ length: Math.min(atOnce, length - from) }, (_, i) => from + i);
          const logits = await classifier.logits(await images(indices));
          for (const [i, z] of logits.entries()) sums[from * task.outputs + i]! += z;
          bar.update(done + from + indices.length);
          pace.tick();
        }
        pace.end();
      };
      try {
        for (const [j, teacher] of teachers.entries())
          await withClassifier(device, teacher, labelBy(teacher, j * length));
      } finally {
        bar.done();
        await release?.();
      }
      const mean = Float32Array.from(sums, (sum) => sum / teachers.length);
      return { tensors: { logits: tensor(mean, [length, task.outputs]) }, metadata: {} };
    },
});

/** Mean of what the teachers put out for images: [n, outputs], the logits of a classification; a job that is kept. */
export const meanLogits = async (stage: Stage, labelled: Labelled): Promise<Float32Array> => {
  const { teachers, device } = stage;
  const { name, title, length, key } = labelled;
  const hashes = teachers.map(({ sha256 }) => sha256);
  const job = {
    kind: "labels",
    name,
    spec: null,
    key: keyOf({ labels: key, length, teachers: hashes, device: device.name }),
    cost: teachers.length * length,
  };
  const bytesOf = (teacher: Frozen): number =>
    teacher.model.opaque === undefined ? estimateBytes(traceClassifier(teacher).graph) : 1;
  const bytes = (): number => Math.max(...teachers.map(bytesOf));
  const [kept] = await runKept(title, labelling(labelled), [job], bytes, stage);
  return floats(await keptTensor(kept!, "logits"));
};
