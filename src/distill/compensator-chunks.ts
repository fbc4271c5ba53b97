import {
  add,
  float32,
  gradients,
  mul,
  reduceSum,
  type Tensor,
  type TensorType,
  tensor,
  trace,
  type Value,
  type Values,
} from "../autodiff/index.ts";
import { type ViewKind, viewTypes } from "../data/augment/view.ts";
import type { Normalisation } from "../data/dataset.ts";
import { measuringNorm } from "../nn/batch-norm.ts";
import { crossEntropy, statisticsLoss } from "../nn/losses.ts";
import { hyperTypes, type Optimiser } from "../nn/optimisers.ts";
import type { Device, Stepper, Tensors } from "../runtime/index.ts";
import { oneHot } from "../training/batches.ts";
import { estimateBytes } from "../training/memory.ts";
import { type Frozen, frozenWeights } from "../training/train-step.ts";
import {
  type CompensatorFeeds,
  type CompensatorFetches,
  type CompensatorState,
  compensatorStateTypes,
  seenImages,
  traceCompensatorStep,
} from "./compensator-step.ts";

/*
 * The step of `traceCompensatorStep` for more classes than memory holds at once. The statistics are those of all C images, so
 * chunks cannot be optimised one after the other. But they enter the loss only by moments that are sums over chunks, here as
 * gaps to the running statistics, channel by channel, for chunks of n_i images:
 *
 *   m = sum_i n_i / C m_i,   v = sum_i n_i / C (v_i + m_i^2) - m^2
 *
 * A first pass over the chunks measures m and v. With the statistics term's derivatives dm and dv there, the gradient is that
 * of
 *
 *   sum_i n_i / C ( CE_i + <dm - 2 m dv, m_i> + <dv, v_i + m_i^2> ),
 *
 * where every summand depends on its own chunk only: the second pass. It is the gradient of one batch of all classes but for
 * rounding, for one more forward pass.
 */

/** Of each normalisation layer, in the order in which data meets them: [channels] each. */
type Layers<T> = Readonly<Record<string, { readonly mean: T; readonly variance: T }>>;

const mapLayers = <A, B>(layers: Layers<A>, map: (one: Layers<A>[string], layer: string) => Layers<B>[string]) =>
  Object.fromEntries(Object.entries(layers).map(([layer, one]) => [layer, map(one, layer)]));

/** A teacher, what its images are normalised by, and the kind of views it is shown. */
interface Scene {
  readonly teacher: Frozen;
  readonly normalisation: Normalisation;
  readonly views: ViewKind;
}

/** Base images of n classes [n, 3, H, W], their one-hot rows [n, C], the compensator and the view of the step. */
const chunkTypes = ({ teacher, views }: Scene, n: number) => {
  const { classes, image } = teacher.model.task;
  return {
    base: float32(n, 3, image.height, image.width),
    targets: float32(n, classes),
    u: float32(1, 3, image.height, image.width),
    view: { ...viewTypes(views, image) },
  };
};
type Chunk = ReturnType<typeof chunkTypes>;

/** Mean cross-entropy of a chunk, and its gaps. */
const measure = ({ teacher, normalisation }: Scene, chunk: Values<Chunk>) => {
  const { parameters, statistics } = frozenWeights(teacher);
  const { normalise, gaps } = measuringNorm(parameters, statistics);
  const images = seenImages(chunk.base, chunk.u, chunk.view, normalisation);
  const logits = teacher.model.forward(parameters, images, normalise);
  const layers: Layers<Value> = Object.fromEntries(
    gaps.map(({ layer, mean, variance }) => [layer, { mean, variance }]),
  );
  return { crossEntropy: crossEntropy(logits, chunk.targets), layers };
};

const traceMeasuring = (scene: Scene, n: number) => trace(chunkTypes(scene, n), (chunk) => measure(scene, chunk));

/** n / C of the gradient with respect to u; `slopes` are dm - 2 m dv and dv. */
const traceGradient = (scene: Scene, n: number, slopes: Layers<TensorType>) =>
  trace({ chunk: chunkTypes(scene, n), slopes }, ({ chunk, slopes: given }) => {
    const { crossEntropy: ce, layers } = measure(scene, chunk);
    const terms = Object.entries(layers).flatMap(([layer, { mean, variance }]) => [
      reduceSum(mul((given as Layers<Value>)[layer]!.mean, mean)),
      reduceSum(mul((given as Layers<Value>)[layer]!.variance, add(variance, mul(mean, mean)))),
    ]);
    const loss = terms.reduce((sum, term) => add(sum, term), ce);
    return { u: mul(gradients(loss, chunk.u), n / scene.teacher.model.task.classes) };
  });

/** The statistics term at the gaps of all images, and alpha times its derivatives. */
const traceStatistics = (layers: Layers<TensorType>, alpha: number) =>
  trace(layers, (given) => {
    const gaps = Object.entries(given as Layers<Value>).map(([layer, gap]) => ({ layer, ...gap }));
    const statistics = statisticsLoss(gaps);
    return { statistics, slopes: gradients(mul(statistics, alpha), given as Layers<Value>) as Layers<Value> };
  });

const traceUpdate = (teacher: Frozen, optimiser: Optimiser) => {
  const { u, slots } = compensatorStateTypes(teacher, optimiser);
  return trace({ u, slots, gradient: u, hyper: hyperTypes(optimiser) }, ({ u: value, slots: old, gradient, hyper }) => {
    const { parameter, slots: next } = optimiser.update(value, gradient, old, hyper);
    return { u: parameter, slots: next as Record<string, Value> };
  });
};

/** Sums of tensors of one shape, each times its weight, in double precision. */
const weighted = (terms: readonly { readonly weight: number; readonly of: Tensor }[]): Float64Array => {
  const sum = new Float64Array(terms[0]!.of.data.length);
  for (const { weight, of } of terms) {
    const values = of.data as Float32Array;
    for (let i = 0; i < sum.length; i++) sum[i]! += weight * values[i]!;
  }
  return sum;
};

const single = (values: Float64Array, { shape }: Tensor): Tensor => tensor(Float32Array.from(values), shape);

/** m and v of all images from those of the chunks. */
const combine = (parts: readonly { readonly weight: number; readonly layers: Layers<Tensor> }[]): Layers<Tensor> =>
  mapLayers(parts[0]!.layers, (first, layer) => {
    const of = (pick: (one: Layers<Tensor>[string]) => Tensor) =>
      weighted(parts.map(({ weight, layers }) => ({ weight, of: pick(layers[layer]!) })));
    const mean = of((one) => one.mean);
    const raw = of(({ mean: m, variance }) =>
      tensor(
        (variance.data as Float32Array).map((v, i) => v + (m.data as Float32Array)[i]! ** 2),
        m.shape,
      ),
    );
    return {
      mean: single(mean, first.mean),
      variance: single(
        raw.map((e, i) => e - mean[i]! ** 2),
        first.mean,
      ),
    };
  });

/** dm - 2 m dv and dv. */
const slopesAt = (total: Layers<Tensor>, derivatives: Layers<Tensor>): Layers<Tensor> =>
  mapLayers(derivatives, ({ mean: dm, variance: dv }, layer) => {
    const m = total[layer]!.mean.data as Float32Array;
    return {
      mean: tensor(
        (dm.data as Float32Array).map((d, i) => d - 2 * m[i]! * (dv.data as Float32Array)[i]!),
        dm.shape,
      ),
      variance: dv,
    };
  });

/** Sizes of chunks of at most n of all classes, as equal as they come. */
const chunkSizes = (classes: number, n: number): number[] => {
  const count = Math.ceil(classes / n);
  return Array.from(
    { length: count },
    (_, i) => Math.floor(((i + 1) * classes) / count) - Math.floor((i * classes) / count),
  );
};

/** What a chunk of n classes takes with its backward pass, by estimate. */
const bytesOf = (scene: Scene, n: number): number => {
  const { layers } = traceMeasuring(scene, n).outputs;
  return estimateBytes(traceGradient(scene, n, layers).graph);
};

/** How many classes go through at once when a step may take `limit` bytes. */
export const classesTogether = (scene: Scene, limit: number): number => {
  const { classes } = scene.teacher.model.task;
  for (let chunks = 1; ; chunks++) {
    const n = Math.ceil(classes / chunks);
    if (n === 1 || bytesOf(scene, n) <= limit) return n;
  }
};

/** Copies of what a run takes over. */
const lent = ({ data, shape }: Tensor): Tensor =>
  data instanceof BigInt64Array ? tensor(data.slice(), shape) : tensor(data.slice() as Float32Array, shape);

/** A compensator's step in chunks of at most `n` classes. */
export const openChunkedStep = async (
  device: Device,
  scene: Scene,
  optimiser: Optimiser,
  alpha: number,
  n: number,
): Promise<Stepper<CompensatorState, CompensatorFeeds, CompensatorFetches>> => {
  const { teacher } = scene;
  const { classes, image } = teacher.model.task;
  const sizes = chunkSizes(classes, n);
  const { layers } = traceMeasuring(scene, 1).outputs;
  const passes = new Map<number, Awaited<ReturnType<typeof openPasses>>>();
  const openPasses = async (size: number) => ({
    measure: await device.compile(traceMeasuring(scene, size)),
    differentiate: await device.compile(traceGradient(scene, size, layers)),
  });
  for (const size of new Set(sizes)) passes.set(size, await openPasses(size));
  const statistics = await device.compile(traceStatistics(layers, alpha));
  const update = await device.compile(traceUpdate(teacher, optimiser));
  const rows = oneHot(
    Array.from({ length: classes }, (_, c) => c),
    classes,
  );
  let state: Tensors<CompensatorState> | undefined;

  const chunksOf = ({ base, u }: Tensors<CompensatorState>, feeds: Tensors<CompensatorFeeds>) => {
    const plane = 3 * image.height * image.width;
    let from = 0;
    return sizes.map((size) => {
      const to = from + size;
      const pixels = (base.data as Float32Array).slice(from * plane, to * plane);
      const targets = tensor(rows.slice(from * classes, to * classes), [size, classes]);
      from = to;
      /** Fresh buffers each time: a run takes its inputs over. */
      const inputs = () => ({
        base: tensor(pixels.slice(), [size, 3, image.height, image.width]),
        targets: lent(targets),
        u: lent(u),
        view: { rows: lent(feeds.rows), columns: lent(feeds.columns) },
      });
      return { size, weight: size / classes, inputs };
    });
  };

  return {
    write: async (given) => {
      state = given;
    },
    read: async () => state!,
    run: async (feeds) => {
      const now = state!;
      const chunks = chunksOf(now, feeds);
      const seen: { readonly weight: number; readonly crossEntropy: Tensor; readonly layers: Layers<Tensor> }[] = [];
      for (const { size, weight, inputs } of chunks) {
        seen.push({ weight, ...(await passes.get(size)!.measure.run(inputs())) });
      }
      const total = combine(seen);
      const term = await statistics.run(
        mapLayers(total, ({ mean, variance }) => ({ mean: lent(mean), variance: lent(variance) })),
      );
      const slopes = slopesAt(total, term.slopes);
      const parts: Tensor[] = [];
      for (const { size, inputs } of chunks) {
        const given = mapLayers(slopes, ({ mean, variance }) => ({ mean: lent(mean), variance: lent(variance) }));
        parts.push((await passes.get(size)!.differentiate.run({ chunk: inputs(), slopes: given })).u);
      }
      const gradient = single(weighted(parts.map((of) => ({ weight: 1, of }))), now.u);
      const { u, slots } = await update.run({
        u: lent(now.u),
        slots: Object.fromEntries(Object.entries(now.slots).map(([name, slot]) => [name, lent(slot)])),
        gradient,
        hyper: feeds.hyper,
      });
      state = { u, slots, base: now.base };
      const ce = weighted(seen.map(({ weight, crossEntropy: of }) => ({ weight, of })));
      return { crossEntropy: tensor(Float32Array.from(ce), []), statistics: term.statistics };
    },
    release: async () => {
      for (const { measure, differentiate } of passes.values()) {
        await measure.release();
        await differentiate.release();
      }
      await statistics.release();
      await update.release();
    },
  };
};

/** From here on a step goes in chunks. The same on all machines, so that the same recipe gives the same bytes. */
const largestStep = 4 * 2 ** 30;

/** How a compensator's step is run, and what it takes, by estimate. */
export interface StepPlan {
  readonly bytes: number;
  open(device: Device): Promise<Stepper<CompensatorState, CompensatorFeeds, CompensatorFetches>>;
}

/** All classes at once where that takes no more than `limit` bytes, or else in chunks. */
export const planStep = (
  teacher: Frozen,
  optimiser: Optimiser,
  normalisation: Normalisation,
  alpha: number,
  views: ViewKind,
  limit = largestStep,
): StepPlan => {
  const whole = traceCompensatorStep(teacher, optimiser, normalisation, alpha, views);
  const bytes = estimateBytes(whole.graph);
  if (bytes <= limit) return { bytes, open: (device) => device.compileStep(whole) };
  const scene = { teacher, normalisation, views };
  const n = classesTogether(scene, limit);
  return {
    bytes: bytesOf(scene, n),
    open: (device) => openChunkedStep(device, scene, optimiser, alpha, n),
  };
};
