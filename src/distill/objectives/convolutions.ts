// Statistics of the inputs of convolutions: an objective of G-VBSM beside BatchNorm's.
import {
  channelDot,
  channelSum,
  constant,
  float32,
  floats,
  mul,
  sizeOf,
  tensor,
  topologicalOrder,
  trace,
  type Value,
} from "../../autodiff/index.ts";
import { normalise } from "../../data/normalisation.ts";
import { type MomentGap, momentGap } from "../../nn/batch-norm.ts";
import { keyOf } from "../../support/key.ts";
import { stream } from "../../support/random.ts";
import { stopIfAborted } from "../../support/work/interrupt.ts";
import { paceOf } from "../../support/work/rehearsal.ts";
import { readStored } from "../../training/checkpoint.ts";
import { type JobKind, type KeptJob, runKept, tensorStore } from "../../training/kept.ts";
import { estimateBytes } from "../../training/memory.ts";
import type { Stored } from "../../training/stored.ts";
import { type Frozen, frozenLogits } from "../../training/train-step.ts";
import type { MethodStage } from "../method.ts";

/** At most so many training images, so many at a time. */
const settings = { images: 10_000, batch: 100 } as const;

/** What enters a network's convolutions, in the order of the data: found in the traced forward pass, as its features are. */
const convolutionInputs = (logits: Value): Value[] =>
  topologicalOrder([logits])
    .filter(({ op }) => op.name === "conv2d")
    .map(({ inputs }) => inputs[0]!);

/** Mean and biased variance of what enters each convolution, by "0.mean", "0.variance", "1.mean" and so on, [channels]. */
export type ConvolutionStatistics = Stored["tensors"];

/** How far what enters the convolutions is from known statistics. */
export const convolutionGaps = (logits: Value, known: ConvolutionStatistics): MomentGap[] =>
  convolutionInputs(logits).map((z, i) => {
    const [mean, variance] = [constant(known[`${i}.mean`]!), constant(known[`${i}.variance`]!)];
    return momentGap(`convolution ${i}`, z, mean, variance).gap;
  });

/** Per convolution the mean of its input and of its input's square over a batch. */
const traceMoments = (teacher: Frozen, batch: number) => {
  const { height, width } = teacher.model.task.image;
  return trace({ images: float32(batch, 3, height, width) }, ({ images }) => ({
    moments: convolutionInputs(frozenLogits(teacher, images)).map((z) => {
      const perElement = z.shape[1]! / sizeOf(z.shape);
      return { mean: mul(channelSum(z), perElement), square: mul(channelDot(z, z), perElement) };
    }),
  }));
};

const add = (sums: Float64Array[], at: number, values: ArrayLike<number>): void => {
  sums[at] ??= new Float64Array(values.length);
  for (let i = 0; i < values.length; i++) sums[at]![i]! += values[i]!;
};

const sizesOf = ({ data: { train } }: MethodStage) => {
  const batch = Math.min(settings.batch, train.length);
  return { batch, batches: Math.floor(Math.min(settings.images, train.length) / batch) };
};

/** The kind of jobs that measure what enters a teacher's convolutions; each is of one teacher. */
export const statisticsOf: JobKind<MethodStage> = {
  kind: "convolution statistics",
  store: tensorStore,
  open:
    async (stage) =>
    async (job, worker, { progress, signal, rehearsal }) => {
      const { data, recipe, teachers } = stage;
      const { train, task, dataset } = data;
      const { height, width } = task.image;
      const { batch, batches } = sizesOf(stage);
      const order = stream(recipe.seed, "convolution statistics").permutation(train.length);
      const teacher = teachers[Number(job.spec)]!;
      const title = `convolution statistics of ${teacher.model.name}`;
      const network = await worker.held(job.name, () => worker.device.compile(traceMoments(teacher, batch)));
      const bar = progress.task(title, batches);
      const means: Float64Array[] = [];
      const squares: Float64Array[] = [];
      const pace = paceOf(rehearsal, title, batches);
      for (let b = 0; b < batches && pace.more(); b++) {
        stopIfAborted(signal, title);
        const pixels = await train.read(order.subarray(b * batch, (b + 1) * batch));
        const images = tensor(normalise(pixels, dataset.normalisation, height, width), [batch, 3, height, width]);
        const { moments } = await network.run({ images });
        for (const [i, { mean, square }] of moments.entries()) {
          add(means, i, floats(mean));
          add(squares, i, floats(square));
        }
        bar.update(b + 1);
        pace.tick();
      }
      pace.end();
      const entries = means.flatMap((sums, i) => {
        const mean = sums.map((sum) => sum / batches);
        const variance = squares[i]!.map((sum, c) => Math.max(0, sum / batches - mean[c]! ** 2));
        return [
          [`${i}.mean`, tensor(Float32Array.from(mean), [mean.length])] as const,
          [`${i}.variance`, tensor(Float32Array.from(variance), [mean.length])] as const,
        ];
      });
      return { tensors: Object.fromEntries(entries), metadata: {} };
    },
};

/**
 * What enters each teacher's convolutions when it sees random training images as they are, read from the stage's folder where
 * it is known already. Batches are equally large, so the means over batches are the means over all.
 */
export const collectStatistics = async (stage: MethodStage): Promise<ConvolutionStatistics[]> => {
  const { data, recipe, device, teachers } = stage;
  const { batch, batches } = sizesOf(stage);
  const jobs = teachers.map(
    (teacher, j): KeptJob => ({
      kind: statisticsOf.kind,
      name: `convolutions-${j}`,
      spec: j,
      key: keyOf({
        convolutions: settings,
        data: data.fingerprint,
        validation: recipe.validation,
        teacher: teacher.sha256,
        seed: recipe.seed,
        device: device.name,
      }),
      cost: batches,
    }),
  );
  const bytes = (): number => Math.max(...teachers.map((t) => estimateBytes(traceMoments(t, batch).graph)));
  const kept = await runKept("convolution statistics", statisticsOf, jobs, bytes, stage);
  const known: ConvolutionStatistics[] = [];
  for (const { file } of kept) known.push((await readStored(file))!.tensors);
  return known;
};
