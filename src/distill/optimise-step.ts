// One step of learning what a set stores, as a graph.
import { float32, gradients, reshape, type TensorType, type Traced, trace, type Value } from "../autodiff/index.ts";
import type { Augmentation } from "../data/augment/augmentation.ts";
import { clipPixels } from "../data/augment/clip.ts";
import type { Normalisation } from "../data/dataset.ts";
import { hyperTypes, type Optimiser, slotTypes, updateAll } from "../nn/optimisers.ts";
import type { Layout } from "../sets/index.ts";
import type { Groups, Objective } from "./objectives/objective.ts";

type Types = Record<string, TensorType>;

/** Bases and compensators that are learnt, with the optimiser's slots, and those that ride along unchanged. */
export interface StepState {
  readonly learnt: Types;
  readonly slots: Record<string, Types>;
  readonly fixed: Types;
}

export interface StepFeeds {
  readonly view: Types;
  readonly objective: Record<string, Types>;
  readonly hyper: Types;
}

export type OptimiseStep = Traced<{ state: StepState; feeds: StepFeeds }, { state: StepState; fetches: Types }>;

/** What a step is made of. */
export interface StepParts {
  readonly layout: Layout;
  readonly normalisation: Normalisation;
  readonly augmentation: Augmentation;
  readonly optimiser: Optimiser;
}

/** How many bases and compensators a step learns, and how many it is given. */
export interface Counts {
  readonly learnt: Readonly<Partial<Record<"bases" | "compensators", number>>>;
  readonly fixed?: Readonly<Partial<Record<"bases" | "compensators", number>>>;
}

const typesOf = ({ stored, image }: Layout, counts: Counts["learnt"]): Types => ({
  ...(counts.bases !== undefined && { bases: float32(counts.bases, 3, stored.height, stored.width) }),
  ...(counts.compensators !== undefined && {
    compensators: float32(counts.compensators, 3, image.height, image.width),
  }),
});

export const stepTypes = ({ layout, optimiser }: StepParts, { learnt, fixed = {} }: Counts): StepState => {
  const own = typesOf(layout, learnt);
  return { learnt: own, slots: slotTypes(optimiser, own), fixed: typesOf(layout, fixed) };
};

const mapped = (values: Readonly<Record<string, Value>>, change: (value: Value, name: string) => Value) =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, change(value, name)]));

/**
 * The images that an objective sees: t(decode(items)). Where t only moves pixels and images are decoded pixel by pixel, t goes
 * to what is stored: a compensator that C images share is then moved once.
 */
export const seenImages = (
  { layout, augmentation }: Pick<StepParts, "layout" | "augmentation">,
  items: Readonly<Record<string, Value>>,
  view: Readonly<Record<string, Value>>,
): Value => {
  const seen = (images: Value): Value => augmentation.apply(images, view);
  const decode = ({ bases, compensators }: Readonly<Record<string, Value>>): Value =>
    layout.decode({ bases: bases!, ...(compensators && { compensators }) });
  return augmentation.moves && layout.perSheet === 1 ? decode(mapped(items, seen)) : seen(decode(items));
};

/**
 * One step: what is stored goes down the objective of the images that are decoded of it. What is stored as pixels is cut off
 * at black and white after the step, as SRe2L's and DM's reference implementations do.
 */
export const traceStep = (parts: StepParts, counts: Counts, objective: Objective): OptimiseStep => {
  const { normalisation, augmentation, optimiser } = parts;
  const feeds: StepFeeds = {
    view: { ...augmentation.types },
    objective: Object.fromEntries(Object.entries(objective.feeds).map(([name, group]) => [name, { ...group }])),
    hyper: hyperTypes(optimiser),
  };
  return trace({ state: stepTypes(parts, counts), feeds }, ({ state, feeds: { view, objective: fed, hyper } }) => {
    const { learnt, fixed, slots } = state;
    const images = seenImages(parts, { ...learnt, ...fixed }, view);
    const { loss, scalars } = objective.loss(images, fed as Groups<Value>, (some) => augmentation.apply(some, view));
    const next = updateAll(optimiser, learnt, gradients(loss, learnt), slots, hyper);
    const kept = (value: Value, name: string): Value => (name === "bases" ? clipPixels(value, normalisation) : value);
    return {
      state: { learnt: mapped(next.parameters, kept), slots: next.slots, fixed },
      fetches: mapped(scalars, (scalar) => reshape(scalar, [])),
    };
  });
};
