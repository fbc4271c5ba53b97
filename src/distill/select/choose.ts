import { tensor } from "../../autodiff/index.ts";
import { byClass } from "../../data/split.ts";
import { readable } from "../../recipe/prepare.ts";
import type { Method as MethodName } from "../../sets/index.ts";
import { stopIfAborted } from "../../support/interrupt.ts";
import { keyOf } from "../../support/key.ts";
import type { Stage } from "../../teachers/stage.ts";
import { readStored } from "../../training/checkpoint.ts";
import { machineOf } from "../../training/jobs.ts";
import { type KeptWork, runKept } from "../../training/kept.ts";
import { estimateBytes } from "../../training/memory.ts";
import { imagesAtOnce, openRows, traceRows } from "../../training/predict.ts";
import { frozenFeatures } from "../methods/features.ts";
import type { Made, Method } from "../methods/method.ts";
import { drawImages } from "./draw.ts";

/** Features of the images of one class, [n, size]. */
export interface Features {
  readonly rows: Float32Array;
  readonly size: number;
}

/** Which rows are chosen, best first. With a smaller count it chooses the beginning of what it chooses with a larger one. */
export type Choose = (features: Features, count: number) => Int32Array;

/** Training images as they are, by indices of which entry k C + c is the k-th image of class c. */
export const pickImages = async ({ data }: Stage, picks: Int32Array): Promise<Made> => ({
  bases: await data.train.read(picks),
  curves: [],
});

/**
 * Real images chosen class by class by the first teacher's features, which are the inputs of its last linear layer, of every
 * training image as it is.
 */
export const choosing = (name: MethodName, choose: Choose): Method => ({
  name,
  teachers: "one",
  make: async (stage) => {
    const { recipe, data, device, folder } = stage;
    const { ipc } = recipe;
    const { task, train, dataset } = data;
    // For its error, where a class has fewer images than asked for.
    drawImages(data, ipc, recipe.seed);
    const teacher = stage.teachers[0]!;
    const stretch = imagesAtOnce(task);
    const traced = traceRows(task, (images) => frozenFeatures(teacher, images), stretch);
    const members = byClass(train, task.classes).map((list) => Int32Array.from(list));
    const workOf = (own: Int32Array, c: number): KeptWork => ({
      file: `${folder}/${c}.safetensors`,
      key: keyOf({
        method: name,
        data: data.fingerprint,
        validation: recipe.validation,
        seed: recipe.seed,
        teacher: teacher.sha256,
        ipc,
        c,
        device: device.name,
      }),
      units: own.length,
      make: async (lane, { progress, signal }) => {
        const network = await lane.held("features", () => openRows(lane.device, traced));
        const rows = new Float32Array(own.length * network.size);
        const bar = progress.task(`${name}: ${dataset.classes[c]!}`, own.length);
        for (let from = 0; from < own.length; from += stretch) {
          stopIfAborted(signal, name);
          const some = own.subarray(from, from + stretch);
          rows.set(await network.rows(await readable(data).images(some)), from * network.size);
          bar.update(from + some.length);
        }
        const picks = BigInt64Array.from(choose({ rows, size: network.size }, ipc), (row) => BigInt(own[row]!));
        return { tensors: { picks: tensor(picks, [ipc]) }, metadata: {} };
      },
    });
    const kept = await runKept(
      `${name}: features of ${train.length} images`,
      machineOf(device),
      members.map(workOf),
      () => estimateBytes(traced.graph),
      stage,
    );
    const picks = new Int32Array(ipc * task.classes);
    for (const [c, { file }] of kept.entries()) {
      const own = (await readStored(file))!.tensors.picks!.data;
      own.forEach((pick, k) => {
        picks[k * task.classes + c] = Number(pick);
      });
    }
    return pickImages(stage, picks);
  },
});
