// INFER's step for more classes than memory holds at once.
import {
  add,
  float32,
  floats,
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
import { statisticsNorm } from "../nn/batch-norm.ts";
import { crossEntropy, statisticsLoss } from "../nn/losses.ts";
import { hyperTypes, updateAll } from "../nn/optimisers.ts";
import type { Device, Stepper, Tensors } from "../runtime/index.ts";
import { estimateBytes } from "../training/memory.ts";
import { type Frozen, frozenWeights } from "../training/train-step.ts";
import { lent } from "./lent.ts";
import type { Objective } from "./objectives/objective.ts";
import { everyClassOnce } from "./objectives/teacher.ts";
import type { StepPlan } from "./optimise.ts";
import { type StepFeeds, type StepParts, type StepState, seenImages, stepTypes, traceStep } from "./optimise-step.ts";

/*
 * INFER's step (methods/infer.ts) for more classes than memory holds at once. The statistics are those of all C images, so
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

/** A step, and the teacher that sees its images. */
interface Scene extends StepParts {
  readonly teacher: Frozen;
}

/** Base images of n classes [n, 3, h, w], their one-hot rows [n, C], the compensator and the view of the step. */
const chunkTypes = ({ teacher, layout, augmentation }: Scene, n: number) => {
  const { stored, image } = layout;
  return {
    base: float32(n, 3, stored.height, stored.width),
    targets: float32(n, teacher.model.task.classes),
    u: float32(1, 3, image.height, image.width),
    view: { ...augmentation.types },
  };
};
type Chunk = ReturnType<typeof chunkTypes>;

/** Mean cross-entropy of a chunk, and its gaps. */
const measure = (scene: Scene, chunk: Values<Chunk>) => {
  const { teacher } = scene;
  const { parameters, statistics } = frozenWeights(teacher);
  const { normalise, gaps } = statisticsNorm(parameters, statistics);
  const images = seenImages(scene, { bases: chunk.base, compensators: chunk.u }, chunk.view);
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

const traceUpdate = (scene: Scene) => {
  const { learnt, slots } = stepTypes(scene, { learnt: { compensators: 1 } });
  const { optimiser } = scene;
  return trace({ learnt, slots, gradient: learnt, hyper: hyperTypes(optimiser) }, ({ hyper, ...given }) =>
    updateAll(optimiser, given.learnt, given.gradient, given.slots, hyper),
  );
};

/** Sums of tensors of one shape, each times its weight, in double precision. */
const weighted = (terms: readonly { readonly weight: number; readonly of: Tensor }[]): Float64Array => {
  const sum = new Float64Array(terms[0]!.of.data.length);
  for (const { weight, of } of terms) {
    for (const [i, value] of floats(of).entries()) sum[i]! += weight * value;
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
        floats(variance).map((v, i) => v + floats(m)[i]! ** 2),
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
    const m = floats(total[layer]!.mean);
    return {
      mean: tensor(
        floats(dm).map((d, i) => d - 2 * m[i]! * floats(dv)[i]!),
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

/** INFER's step in chunks of at most `n` classes. */
export const openChunkedStep = async (
  device: Device,
  scene: Scene,
  alpha: number,
  n: number,
): Promise<Stepper<StepState, StepFeeds, StepState["learnt"]>> => {
  const { classes } = scene.teacher.model.task;
  const { stored } = scene.layout;
  const sizes = chunkSizes(classes, n);
  const { layers } = traceMeasuring(scene, 1).outputs;
  const passes = new Map<number, Awaited<ReturnType<typeof openPasses>>>();
  const openPasses = async (size: number) => ({
    measure: await device.compile(traceMeasuring(scene, size)),
    differentiate: await device.compile(traceGradient(scene, size, layers)),
  });
  for (const size of new Set(sizes)) passes.set(size, await openPasses(size));
  const statistics = await device.compile(traceStatistics(layers, alpha));
  const update = await device.compile(traceUpdate(scene));
  const rows = floats(everyClassOnce(classes));
  let state: Tensors<StepState> | undefined;

  const chunksOf = ({ learnt, fixed }: Tensors<StepState>, { view }: Tensors<StepFeeds>) => {
    const plane = 3 * stored.height * stored.width;
    let from = 0;
    return sizes.map((size) => {
      const [at, to] = [from, from + size];
      from = to;
      /** Fresh buffers each time: a run takes its inputs over. */
      const inputs = () => ({
        base: tensor(floats(fixed.bases!).slice(at * plane, to * plane), [size, 3, stored.height, stored.width]),
        targets: tensor(rows.slice(at * classes, to * classes), [size, classes]),
        u: lent(learnt.compensators!),
        view: lent(view),
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
      const term = await statistics.run(lent(combine(seen)));
      const slopes = slopesAt(combine(seen), term.slopes);
      const parts: Tensor[] = [];
      for (const { size, inputs } of chunks) {
        parts.push((await passes.get(size)!.differentiate.run({ chunk: inputs(), slopes: lent(slopes) })).u);
      }
      const gradient = single(weighted(parts.map((of) => ({ weight: 1, of }))), now.learnt.compensators!);
      const next = await update.run({
        ...lent({ learnt: now.learnt, slots: now.slots }),
        gradient: { compensators: gradient },
        hyper: feeds.hyper,
      });
      state = { learnt: next.parameters, slots: next.slots, fixed: now.fixed };
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

/** A step of INFER: all classes at once where that takes no more than `limit` bytes, or else in chunks. */
export const planStep = (
  parts: StepParts,
  teacher: Frozen,
  objective: Objective,
  alpha: number,
  limit = largestStep,
): StepPlan => {
  const { classes } = teacher.model.task;
  const whole = traceStep(parts, { learnt: { compensators: 1 }, fixed: { bases: classes } }, objective);
  const bytes = estimateBytes(whole.graph);
  if (bytes <= limit) return { bytes, open: ({ device }) => device.compileStep(whole) };
  const scene = { ...parts, teacher };
  const n = classesTogether(scene, limit);
  return {
    bytes: bytesOf(scene, n),
    open: ({ device }) => openChunkedStep(device, scene, alpha, n),
  };
};
