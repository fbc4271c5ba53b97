// A pool of networks trained on the data and kept at several moments of their training, whose features are matched.
import { type Tensor, type TensorType, tensor } from "../autodiff/index.ts";
import { freshWeights, identityOf, type Model, type Weights, weightTypes } from "../models/model.ts";
import { buildModel } from "../models/registry.ts";
import { inferenceNorm } from "../nn/batch-norm.ts";
import { hyperTensors, sgd } from "../nn/optimisers.ts";
import { oneCycle } from "../nn/schedules.ts";
import { imageSource } from "../recipe/prepare.ts";
import type { Tensors } from "../runtime/index.ts";
import { plural } from "../support/format.ts";
import { keyOf } from "../support/key.ts";
import { stream } from "../support/random.ts";
import { batchIndices, cropLabelled } from "../training/batches.ts";
import { checkpointFile, readStored, removeStored, unlessDamaged, writeStored } from "../training/checkpoint.ts";
import { imagesToFit } from "../training/image-source.ts";
import { type JobKind, type Kept, type KeptJob, type Maker, runKept, tensorStore } from "../training/kept.ts";
import { runLoop } from "../training/loop.ts";
import { estimateBytes } from "../training/memory.ts";
import { named, rebuild } from "../training/stored.ts";
import { startTraining, type TrainState, traceTrainStep, trainStateTypes } from "../training/train-step.ts";
import { lent } from "./lent.ts";
import type { MethodStage } from "./method.ts";
import type { DrawnNetworks, KnownNetworks } from "./networks.ts";

/** SGD, with Nesterov's momentum where it has any. */
export interface Training {
  readonly batch: number;
  readonly learningRate: number;
  readonly momentum: number;
  readonly weightDecay: number;
  /** True where the learning rate stays as it is; it goes through one cycle where it is not said. */
  readonly constant?: boolean;
}

/** Settings of a pool's training. */
export interface PoolOptions {
  readonly architecture: string;
  readonly networks: number;
  readonly epochs: number;
  /** Times that each is kept: at equal stretches of its training, last at its end. */
  readonly moments: number;
  /** True where they are kept before the first step, too. */
  readonly untrained?: boolean;
  /** That of teachers where it is not said. Images are cropped by an eighth and mirrored. */
  readonly training?: Training;
}

const asTeachers: Training = { batch: 256, learningRate: 0.1, momentum: 0.9, weightDecay: 5e-4 };

const optimiserOf = ({ training: { momentum, weightDecay } = asTeachers }: PoolOptions) =>
  sgd({ momentum, weightDecay, nesterov: true });

const modelOf = ({ data }: MethodStage, { architecture }: PoolOptions): Model => buildModel(architecture, data.task);

const batchOf = ({ data }: MethodStage, { training = asTeachers }: PoolOptions): number =>
  Math.min(training.batch, data.train.length);

const stepOf = (stage: MethodStage, options: PoolOptions) =>
  traceTrainStep(modelOf(stage, options), optimiserOf(options), { kind: "hard" }, batchOf(stage, options));

/** Steps of a whole training, and those after which a network is kept. */
const stepsOf = (stage: MethodStage, options: PoolOptions) => {
  const { epochs, moments, untrained = false } = options;
  const steps = epochs * Math.ceil(stage.data.train.length / batchOf(stage, options));
  const kept = Array.from({ length: moments }, (_, m) => Math.round(((m + 1) * steps) / moments));
  return { steps, kept: untrained ? [0, ...kept] : kept };
};

/** The name of the file of a network at its moment number `m`, which is there until the last one is. */
const momentName = ({ name }: Pick<KeptJob, "name">, m: number): string => `${name}-${m}.moment`;

const nameOf = (index: number): string => `pool network ${index}`;

/** The weights with which the training of network number `index` begins. */
export const initialWeights = async ({ data, recipe }: MethodStage, model: Model, index: number): Promise<Weights> => {
  const fit = await imagesToFit(model, imageSource(data), stream(recipe.seed, nameOf(index), "fit"));
  return freshWeights(model, stream(recipe.seed, nameOf(index), "weights"), fit);
};

/** Trains network number `job.spec`, moment by moment; what was trained before an interruption is taken from its files. */
const makerOf =
  (stage: MethodStage, options: PoolOptions): Maker =>
  async (job, worker, { progress, ...context }) => {
    const { data, recipe } = stage;
    const { task, train } = data;
    const index = Number(job.spec);
    const name = nameOf(index);
    const model = modelOf(stage, options);
    const { learningRate, constant = false } = options.training ?? asTeachers;
    const optimiser = optimiserOf(options);
    const types = trainStateTypes(model, optimiser);
    const batch = batchOf(stage, options);
    const { steps, kept } = stepsOf(stage, options);
    const order = batchIndices(train.length, batch, recipe.seed, name);
    const rate = constant ? () => learningRate : oneCycle(learningRate, steps);
    const pad = Math.round(task.image.height / 8);
    const source = { images: imageSource(data).images, labels: train.labels, crop: "shift" as const, pad };
    const stepper = await worker.stepper(`pool ${model.name}`, () => stepOf(stage, options));
    const start = await initialWeights(stage, model, index);
    const bar = progress.task(name, steps);
    let state: Tensors<TrainState> = startTraining(model, optimiser, start);
    const tensors: Record<string, Tensor> = {};
    const files: string[] = [];
    let from = 0;
    for (const [m, to] of kept.entries()) {
      const file = `${stage.shared}/${momentName(job, m)}`;
      const key = `${job.key} ${m}`;
      const known = await unlessDamaged(file, progress, () => readStored(file));
      if (known?.metadata.key === key) state = rebuild(types, known.tensors, file);
      else {
        const start = state;
        const begun = from;
        const loop = await runLoop(
          {
            title: name,
            stepper,
            types,
            steps: to - begun,
            start: () => start,
            feeds: async (step) => {
              const indices = order(begun + step);
              const random = stream(recipe.seed, name, "step", begun + step);
              const { images, labels } = await cropLabelled(task, source, indices, random);
              return {
                images: tensor(images, [batch, 3, task.image.height, task.image.width]),
                targets: task.targets(labels),
                hyper: hyperTensors(optimiser.hyper(begun + step, rate(begun + step))),
              };
            },
            checkpoint: checkpointFile(`${stage.shared}/${job.name}.partial`, key),
            advice: "leave the method out",
          },
          {
            ...context,
            progress: {
              ...progress,
              task: () => ({ update: (done, seen) => bar.update(begun + done, seen), done: () => undefined }),
            },
          },
        );
        state = loop.state;
        await writeStored(file, { tensors: named(state), metadata: { key } });
      }
      for (const [path, value] of Object.entries(
        named({ parameters: state.parameters, statistics: state.statistics }),
      )) {
        tensors[`${m}.${path}`] = value;
      }
      files.push(file);
      from = to;
    }
    for (const file of files) await removeStored(file);
    return { tensors, metadata: {} };
  };

/** The kind of jobs that train a pool's networks. */
export const pooling = (of: (stage: MethodStage) => PoolOptions): JobKind<MethodStage> => ({
  kind: "pool",
  store: tensorStore,
  files: (job, stage) => ({ checkpoints: stepsOf(stage, of(stage)).kept.map((_, m) => momentName(job, m)) }),
  open: async (stage) => makerOf(stage, of(stage)),
});

/** The networks of a pool, trained where they are not yet there; `shared` of the stage holds them for all that match. */
export const openPool = async (stage: MethodStage, options: PoolOptions): Promise<KnownNetworks & DrawnNetworks> => {
  const { data, recipe, device } = stage;
  const model = modelOf(stage, options);
  const { epochs, moments, untrained = false, training = asTeachers } = options;
  const { steps, kept: times } = stepsOf(stage, options);
  const jobs = Array.from({ length: options.networks }, (_, index): KeptJob => {
    const key = keyOf({
      pool: { architecture: identityOf(model), epochs, moments, ...(untrained && { untrained }) },
      settings: training,
      data: data.fingerprint,
      validation: recipe.validation,
      seed: recipe.seed,
      device: device.name,
      index,
    });
    return {
      kind: "pool",
      name: `pool-${model.name}-${index}-${key.slice(0, 8)}`,
      spec: index,
      key,
      cost: steps,
      like: `pool network ${model.name}, kept ${plural(times.length, "time")}`,
    };
  });
  const bytes = (): number => estimateBytes(stepOf(stage, options).graph);
  const kept = await runKept(
    `pool of ${plural(jobs.length, "network")}`,
    pooling(() => options),
    jobs,
    bytes,
    {
      ...stage,
      folder: stage.shared,
    },
  );
  const types = weightTypes(model);
  const weights: Weights[] = [];
  for (const one of kept) weights.push(...(await momentsIn(one, types, times.length)));
  const at = (index: number) => {
    const { parameters, statistics } = weights[index]!;
    return lent({ parameters, statistics });
  };
  return {
    model,
    types: { parameters: types.parameters, statistics: types.statistics },
    normalise: inferenceNorm,
    count: weights.length,
    moments: times.length,
    key: keyOf({ pool: jobs.map(({ key }) => key) }),
    at,
    draw: async (step) => at(stream(recipe.seed, "pool", step).int(weights.length)),
  };
};

const momentsIn = async ({ file }: Kept, types: Weights<TensorType>, moments: number): Promise<Weights[]> => {
  const { tensors } = (await readStored(file))!;
  return Array.from({ length: moments }, (_, m) => {
    const own = Object.entries(tensors).flatMap(([path, value]) =>
      path.startsWith(`${m}.`) ? [[path.slice(`${m}.`.length), value] as const] : [],
    );
    return rebuild({ ...types }, Object.fromEntries(own), file);
  });
};
