// The one driver of everything that is learnt: INFER's compensators, SRe2L's images and its kin's, matched images.

import { type Tensor, tensor } from "../autodiff/index.ts";
import { denormalise } from "../data/normalisation.ts";
import type { Named } from "../nn/layers.ts";
import { hyperTensors, zerosLike } from "../nn/optimisers.ts";
import type { Schedule } from "../nn/schedules.ts";
import type { Stepper } from "../runtime/index.ts";
import { keyOf } from "../support/key.ts";
import { openEach, type Worker } from "../training/jobs.ts";
import {
  historyOf,
  type JobKind,
  type Kept,
  type KeptJob,
  keptTensor,
  type Maker,
  runKept,
  runKeptLoop,
  tensorStore,
} from "../training/kept.ts";
import { estimateBytes } from "../training/memory.ts";
import type { Made, MethodStage } from "./method.ts";
import type { Groups, Objective } from "./objectives/objective.ts";
import { type StepFeeds, type StepParts, type StepState, stepTypes, traceStep } from "./optimise-step.ts";
import { drawKey } from "./select/draw.ts";
import { takingTurns } from "./turns.ts";

/** Places of some of a set's items: bases among [K C], compensators among [K V + U C]. */
export type Items = Readonly<Partial<Record<"bases" | "compensators", readonly number[]>>>;

/** A piece of a set that is learnt by a loop of its own. */
export interface Part {
  /** Names its file. */
  readonly name: string;
  /** Names its bar, and its curve in the report. */
  readonly title: string;
  readonly curve: string;
  readonly learnt: Items;
  /** Items that are seen with them and stay as they are. */
  readonly fixed?: Items;
  /** Names the graph of its step; parts of one name share a compiled one. */
  readonly graph: string;
  /** Settings that its result depends on, besides those of all parts. */
  readonly key: Named<unknown>;
}

/** Finds the part of a plan that a job was handed over as. */
export const partOf =
  <P extends Part>(parts: readonly P[]) =>
  (handed: Pick<Part, "name">): P =>
    parts.find(({ name }) => name === handed.name)!;

/** A step that can be opened, and what it takes, by estimate. */
export interface StepPlan {
  readonly bytes: number;
  open(worker: Worker): Promise<Stepper<StepState, StepFeeds, StepState["learnt"]>>;
}

/** Draws of a step: the view, what the objective asks for and, where it does not see all images, some of them. */
export interface StepDraw {
  readonly rows?: Named<Tensor>;
  readonly view: Named<Tensor>;
  readonly objective: Groups<Tensor>;
}

/** A set to be learnt. */
export interface Optimisation extends StepParts {
  /** The method's name, for titles and keys. */
  readonly name: string;
  readonly iterations: number;
  readonly learningRate: Schedule;
  readonly parts: readonly Part[];
  /** Settings and teachers' hashes that the result depends on, besides data, seed, device, steps and the parts' own keys. */
  readonly key: Named<unknown>;
  /** The objectives of a part; they take turns, step by step. */
  objectives(part: Part): readonly Objective[];
  /** Objectives of a part's own in their place; its graph has then a name of its own. */
  readonly own?: (part: Part, worker: Worker) => Promise<readonly Objective[]>;
  /** The number of the objective whose turn it is; 0 where it is not said. */
  readonly turn?: (part: Part, step: number) => number;
  /** A step that is not made like the others'. */
  readonly step?: (part: Part) => StepPlan;
  /** Values of bases [n, 3, h, w] and compensators [n, 3, H, W], learnt and fixed ones, normalised. */
  start(part: Part): Promise<Named<Float32Array>>;
  /** Draws the feeds of a step: the view, and what the objective asks for. */
  draw(part: Part, step: number): Promise<StepDraw>;
  /** Advice for values that are no longer finite. */
  readonly advice: string;
}

const countsOf = ({ learnt, fixed = {} }: Part) => {
  const counted = ({ bases, compensators }: Items) => ({
    ...(bases && { bases: bases.length }),
    ...(compensators && { compensators: compensators.length }),
  });
  return { learnt: counted(learnt), fixed: counted(fixed) };
};

const traced = (plan: Optimisation, part: Part, objective: Objective) => traceStep(plan, countsOf(part), objective);

const openStep = async (plan: Optimisation, part: Part, worker: Worker, own?: readonly Objective[]) => {
  if (plan.step !== undefined) return takingTurns([await plan.step(part).open(worker)]);
  const objectives = own ?? plan.objectives(part);
  return takingTurns(await openEach(objectives, (one) => worker.device.compileStep(traced(plan, part, one))));
};

const bytesOf = (plan: Optimisation, part: Part): number =>
  plan.step?.(part).bytes ??
  plan.objectives(part).reduce((sum, one) => sum + estimateBytes(traced(plan, part, one).graph), 0);

/** Makes the parts of a plan. */
const makerOf =
  (plan: Optimisation, folder: string): Maker =>
  async (job, worker, context) => {
    const part = partOf(plan.parts)(job);
    const types = stepTypes(plan, countsOf(part));
    const values = await plan.start(part);
    const filled = (some: StepState["learnt"]): Record<string, Tensor> =>
      Object.fromEntries(Object.entries(some).map(([name, { shape }]) => [name, tensor(values[name]!, shape)]));
    // Before the step is opened: a worker holds one thing at a time, and these may need a step of their own.
    const own = await plan.own?.(part, worker);
    const stepper = await worker.held(part.graph, () => openStep(plan, part, worker, own));
    const { iterations, optimiser, learningRate, turn = () => 0, advice } = plan;
    return runKeptLoop(
      folder,
      job,
      {
        title: part.title,
        stepper,
        types,
        steps: iterations,
        start: () => ({ learnt: filled(types.learnt), slots: zerosLike(types.slots), fixed: filled(types.fixed) }),
        feeds: async (step) => ({
          ...(await plan.draw(part, step)),
          hyper: hyperTensors(optimiser.hyper(step, learningRate(step))),
          turn: tensor(BigInt64Array.of(BigInt(turn(part, step))), []),
        }),
        keep: ({ learnt }) => learnt,
        advice,
      },
      context,
    );
  };

/** Plans of stages, so that a job that was handed over as data finds the plan that it is a part of. */
export type Planner = (stage: MethodStage) => Promise<Optimisation>;

/** Parts of a set, each learnt by a loop of its own. */
export const optimising = (planner: Planner): JobKind<MethodStage> => ({
  kind: "optimise",
  store: tensorStore,
  open: async (stage) => makerOf(await planner(stage), stage.folder),
});

/** Puts what the parts learnt where it belongs in the set. */
const assemble = async ({ data, layout }: MethodStage, parts: readonly Part[], kept: readonly Kept[], bits: number) => {
  const { normalisation } = data.dataset;
  const { stored, image } = layout;
  const [small, whole] = [stored, image].map(({ height, width }) => 3 * height * width) as [number, number];
  const count = (name: keyof Items): number => parts.reduce((sum, { learnt }) => sum + (learnt[name]?.length ?? 0), 0);
  const bases = new Uint8Array(count("bases") * small);
  const compensators = new Float32Array(count("compensators") * whole);
  for (const [i, { learnt }] of parts.entries()) {
    if (learnt.bases !== undefined) {
      const { data: values } = await keptTensor(kept[i]!, "bases");
      const pixels = denormalise(values as Float32Array, normalisation, stored.height, stored.width, 2 ** (8 - bits));
      for (const [at, to] of learnt.bases.entries())
        bases.set(pixels.subarray(at * small, (at + 1) * small), to * small);
    }
    if (learnt.compensators !== undefined) {
      const { data: values } = await keptTensor(kept[i]!, "compensators");
      for (const [at, to] of learnt.compensators.entries()) {
        compensators.set((values as Float32Array).subarray(at * whole, (at + 1) * whole), to * whole);
      }
    }
  }
  return { bases, compensators };
};

/**
 * Learns every part of a plan that is not learnt yet, several at a time; stored pixels are rounded to as many bits. Arrays of
 * what no part learns are empty.
 */
export const optimise = async (
  stage: MethodStage,
  planner: Planner,
  bits = 8,
): Promise<Made & { readonly compensators: Float32Array }> => {
  const plan = await planner(stage);
  const { recipe, data, device } = stage;
  const jobs = plan.parts.map(
    (part): KeptJob => ({
      kind: "optimise",
      name: part.name,
      spec: null,
      key: keyOf({
        method: plan.name,
        data: data.fingerprint,
        validation: recipe.validation,
        ...drawKey(recipe),
        device: device.name,
        iterations: plan.iterations,
        storage: layoutKey(stage),
        ...plan.key,
        ...part.key,
      }),
      like: `${plan.name}: ${part.graph}`,
      cost: plan.iterations,
    }),
  );
  const largest = [...new Map(plan.parts.map((part) => [part.graph, part])).values()];
  const bytes = (): number => Math.max(...largest.map((part) => bytesOf(plan, part)));
  const title = `${plan.name}: ${plan.parts.length} ${plan.parts.length === 1 ? "part" : "parts"} of a set`;
  // The plan is at hand: making it again could cost a pass over the data.
  const here: JobKind<MethodStage> = { ...optimising(planner), open: async () => makerOf(plan, stage.folder) };
  const kept = await runKept(title, here, jobs, bytes, stage);
  const made = await assemble(stage, plan.parts, kept, bits);
  const curves = kept.map((one, i) => ({ name: plan.parts[i]!.curve, history: historyOf(one) }));
  return { ...made, curves };
};

/** Sizes that a part's key depends on. */
const layoutKey = ({ layout: { stored, image } }: MethodStage): readonly number[] => [
  stored.height,
  stored.width,
  image.height,
  image.width,
];

/** `make` and `kinds` of a method all of whose work is one plan. */
export const learning = <Options extends { readonly bits: number }>(
  plan: (stage: MethodStage, options: Options) => Promise<Optimisation>,
) => {
  const planner = (options: Options) => (stage: MethodStage) => plan(stage, options);
  return {
    make: (stage: MethodStage, options: Options): Promise<Made> => optimise(stage, planner(options), options.bits),
    kinds: (options: Options) => [optimising(planner(options))],
  };
};
