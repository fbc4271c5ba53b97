// Looking at all training images class by class: the shape that choosing, ranking and cropping images share.
import { longs } from "../../autodiff/index.ts";
import { byStratum } from "../../data/split.ts";
import { keyOf } from "../../support/key.ts";
import { stopIfAborted } from "../../support/work/interrupt.ts";
import { paceOf } from "../../support/work/rehearsal.ts";
import type { Worker } from "../../training/jobs.ts";
import { type JobKind, type KeptJob, keptTensor, runKept, tensorStore } from "../../training/kept.ts";
import type { MethodStage } from "../method.ts";
import { drawKey } from "./draw.ts";

/** Numbers found out about the images of each class. */
export interface Scan<Network, Row> {
  /** Names its jobs, its bar and, before the class, its files. */
  readonly name: string;
  /** Settings that its result depends on, besides data, seed, device and class. */
  key(stage: MethodStage): Readonly<Record<string, unknown>>;
  /** The training images of class c that are looked at, by their indices. */
  members(stage: MethodStage, c: number): Int32Array;
  /** Number of images that are looked at together. */
  atOnce(stage: MethodStage): number;
  /** Opens what looks at them; it is held by the worker. */
  open(stage: MethodStage, worker: Worker): Promise<Network & { release(): Promise<void> }>;
  /** Memory of that, by estimate, in bytes. */
  bytes(stage: MethodStage): number;
  /** A row for each of some images of class c. */
  look(stage: MethodStage, network: Network, images: Int32Array, c: number): Promise<readonly Row[]>;
  /** Whole numbers made of all rows of a class, [n]. */
  conclude(stage: MethodStage, rows: readonly Row[], images: Int32Array): readonly number[];
}

/** The kind of a scan's jobs. */
export const scanning = <Network, Row>(scan: Scan<Network, Row>): JobKind<MethodStage> => ({
  kind: scan.name,
  store: tensorStore,
  open:
    async (stage) =>
    async (job, worker, { progress, signal, rehearsal }) => {
      const c = Number(job.spec);
      const images = scan.members(stage, c);
      const network = await worker.held(scan.name, () => scan.open(stage, worker));
      const bar = progress.task(`${scan.name}: ${stage.data.dataset.classes[c]!}`, images.length);
      const stretch = scan.atOnce(stage);
      const rows: Row[] = [];
      const pace = paceOf(rehearsal, scan.name, Math.ceil(images.length / stretch));
      for (let from = 0; from < images.length && pace.more(); from += stretch) {
        stopIfAborted(signal, scan.name);
        rows.push(...(await scan.look(stage, network, images.subarray(from, from + stretch), c)));
        bar.update(rows.length);
        pace.tick();
      }
      pace.end();
      const seen = rows.length;
      for (let i = seen; i < images.length; i++) rows.push(rows[i % seen]!);
      return { tensors: { found: longs(scan.conclude(stage, rows, images)) }, metadata: {} };
    },
});

/** Conclusions of a scan for each class, those kept in the stage's folder taken from there. */
export const runScan = async <Network, Row>(stage: MethodStage, scan: Scan<Network, Row>): Promise<number[][]> => {
  const { data, recipe, device } = stage;
  const { classes } = data.task;
  const jobs = Array.from(
    { length: classes },
    (_, c): KeptJob => ({
      kind: scan.name,
      name: `${scan.name}-${c}`,
      spec: c,
      key: keyOf({
        scan: scan.name,
        data: data.fingerprint,
        validation: recipe.validation,
        ...drawKey(recipe),
        device: device.name,
        ...scan.key(stage),
        c,
      }),
      cost: scan.members(stage, c).length,
    }),
  );
  const images = jobs.reduce((sum, { cost }) => sum + cost, 0);
  const kept = await runKept(`${scan.name}: ${images} images`, scanning(scan), jobs, () => scan.bytes(stage), stage);
  const found: number[][] = [];
  for (const one of kept) found.push(Array.from((await keptTensor(one, "found")).data, Number));
  return found;
};

/** All training images of class c. */
export const wholeClass = ({ data }: MethodStage, c: number): Int32Array =>
  Int32Array.from(byStratum(data.train, data.task)[c]!);
