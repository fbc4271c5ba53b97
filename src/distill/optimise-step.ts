// One step of learning what a set stores, as a graph.
import {
  concat,
  float32,
  gather,
  gradients,
  int64,
  reshape,
  type TensorType,
  type Traced,
  trace,
  type Value,
  zeros,
} from "../autodiff/index.ts";
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
  /** Places of the bases and compensators that a step sees, where it does not see all of them; compensator 0 is none. */
  readonly rows?: Types;
  readonly view: Types;
  readonly objective: Record<string, Types>;
  readonly hyper: Types;
}

export type OptimiseStep = Traced<{ state: StepState; feeds: StepFeeds }, { state: StepState; fetches: Types }>;

/** The ingredients of a step. */
export interface StepParts {
  readonly layout: Layout;
  readonly normalisation: Normalisation;
  readonly augmentation: Augmentation;
  readonly optimiser: Optimiser;
  /** Training images that a step sees; all of its part where it is not said. */
  readonly rows?: number;
  /** Further values that a step of its own learns beside what is stored, such as a student's step size. */
  readonly beside?: Types;
}

/** Numbers of bases and compensators that a step learns, and that it is given. */
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

export const stepTypes = ({ layout, optimiser, beside }: StepParts, { learnt, fixed = {} }: Counts): StepState => {
  const own = { ...typesOf(layout, learnt), ...beside };
  return { learnt: own, slots: slotTypes(optimiser, own), fixed: typesOf(layout, fixed) };
};

export const mapped = (values: Readonly<Record<string, Value>>, change: (value: Value, name: string) => Value) =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, change(value, name)]));

/** The items of some rows: those of images that are made of the same base or compensator stand there twice. */
const gathered = (
  { bases, compensators }: Readonly<Record<string, Value>>,
  rows: Readonly<Record<string, Value>>,
): Record<string, Value> => {
  const chosen = { bases: gather(bases!, rows.bases!, 0) };
  if (compensators === undefined) return chosen;
  const withNone = concat([zeros([1, ...compensators.shape.slice(1)]), compensators], 0);
  return { ...chosen, compensators: gather(withNone, rows.compensators!, 0) };
};

const rowTypes = ({ layout, rows }: StepParts): Types | undefined =>
  rows === undefined
    ? undefined
    : { bases: int64(rows), ...(layout.compensators > 0 && { compensators: int64(rows) }) };

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
  const rows = rowTypes(parts);
  const feeds: StepFeeds = {
    ...(rows && { rows }),
    view: { ...augmentation.types },
    objective: Object.fromEntries(Object.entries(objective.feeds).map(([name, group]) => [name, { ...group }])),
    hyper: hyperTypes(optimiser),
  };
  return trace(
    { state: stepTypes(parts, counts), feeds },
    ({ state, feeds: { view, objective: fed, hyper, rows: seen } }) => {
      const { learnt, fixed, slots } = state;
      const items = { ...learnt, ...fixed };
      const images = seenImages(parts, seen === undefined ? items : gathered(items, seen), view);
      const { loss, scalars } = objective.loss(images, fed as Groups<Value>, (some) => augmentation.apply(some, view));
      const next = updateAll(optimiser, learnt, gradients(loss, learnt), slots, hyper);
      const kept = (value: Value, name: string): Value => (name === "bases" ? clipPixels(value, normalisation) : value);
      return {
        state: { learnt: mapped(next.parameters, kept), slots: next.slots, fixed },
        fetches: mapped(scalars, (scalar) => reshape(scalar, [])),
      };
    },
  );
};
