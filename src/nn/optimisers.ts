// Optimisers as parts of a traced step: SGD, Adam and AdamW.
import {
  add,
  div,
  float32,
  mapTree,
  mul,
  sizeOf,
  sqrt,
  sub,
  type Tensor,
  type TensorType,
  tensor,
  type Value,
  type WithLeaves,
} from "../autodiff/index.ts";
import type { Named } from "./layers.ts";

/** Scalars that change from step to step; computed outside the graph and fed to it. */
export type Hyper = Readonly<Record<string, number>>;

/** An update rule as part of a traced step. Slots are tensors like the parameters, zero at the start. */
export interface Optimiser {
  /** In words, with its constants. */
  readonly about: string;
  readonly slots: readonly string[];
  /** The scalars of step `step` = 0, 1, ... at a learning rate. */
  hyper(step: number, learningRate: number): Hyper;
  /**
   * One parameter: its new value and slots. `rate` multiplies its learning rate and divides its weight decay, so that
   * the decay of a step is that of the other parameters.
   */
  update(
    parameter: Value,
    gradient: Value,
    slots: Named<Value>,
    hyper: Named<Value>,
    rate?: number,
  ): { parameter: Value; slots: Named<Value> };
}

/** SGD with momentum, as torch: g += wd p; v = mu v + g; p -= lr (g + mu v if nesterov, else v). */
export const sgd = ({ momentum = 0.9, weightDecay = 0, nesterov = false } = {}): Optimiser => ({
  about: `SGD, momentum ${momentum}${nesterov ? " (Nesterov)" : ""}, weight decay ${weightDecay}`,
  slots: ["velocity"],
  hyper: (_step, learningRate) => ({ learningRate }),
  update: (p, gradient, { velocity }, { learningRate }, rate = 1) => {
    const g = weightDecay === 0 ? gradient : add(gradient, mul(p, weightDecay / rate));
    const v = add(mul(velocity!, momentum), g);
    const direction = nesterov ? add(g, mul(v, momentum)) : v;
    return {
      parameter: sub(p, mul(direction, rate === 1 ? learningRate! : mul(learningRate!, rate))),
      slots: { velocity: v },
    };
  },
});

export interface AdamOptions {
  readonly beta1?: number;
  readonly beta2?: number;
  readonly epsilon?: number;
  /** Decoupled weight decay (AdamW); 0 is Adam. */
  readonly weightDecay?: number;
}

/**
 * Adam and AdamW. The moments are kept as M = m / (1 - b1) and V = v / (1 - b2), which saves two passes:
 * M' = b1 M + g, V' = b2 V + g^2, p' = p (1 - lr wd) - M' / (sqrt(V') a + e), where a and e hold the bias corrections.
 */
export const adam = ({ beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weightDecay = 0 }: AdamOptions = {}): Optimiser => ({
  about:
    `${weightDecay === 0 ? "Adam" : "AdamW"}, betas ${beta1} and ${beta2}, epsilon ${epsilon}` +
    (weightDecay === 0 ? "" : `, decoupled weight decay ${weightDecay} (times the learning rate, all parameters)`),
  slots: ["first", "second"],
  hyper: (step, learningRate) => {
    const rate = (learningRate * (1 - beta1)) / (1 - beta1 ** (step + 1));
    // At learning rate 0 the step vanishes: a huge denominator says so without a division by zero.
    const inverse = rate === 0 ? 1e30 : 1 / rate;
    return {
      decay: 1 - learningRate * weightDecay,
      a: inverse * Math.sqrt((1 - beta2) / (1 - beta2 ** (step + 1))),
      e: Math.max(inverse * epsilon, 1e-37),
    };
  },
  update: (p, g, { first, second }, { decay, a, e }, rate = 1) => {
    const m = add(mul(first!, beta1), g);
    const v = add(mul(second!, beta2), mul(g, g));
    const kept = weightDecay === 0 ? p : mul(p, decay!);
    const change = div(m, add(mul(sqrt(v), a!), e!));
    return { parameter: sub(kept, rate === 1 ? change : mul(change, rate)), slots: { first: m, second: v } };
  },
});

export const adamw = ({ weightDecay = 0.01, ...options }: AdamOptions = {}): Optimiser =>
  adam({ ...options, weightDecay });

/** Slots of every parameter: types, keyed "slot" then parameter name. */
export const slotTypes = (
  optimiser: Optimiser,
  parameters: Named<TensorType>,
): Record<string, Record<string, TensorType>> =>
  Object.fromEntries(
    optimiser.slots.map((slot) => [
      slot,
      Object.fromEntries(Object.entries(parameters).map(([name, { shape }]) => [name, float32(...shape)])),
    ]),
  );

/** Zeros of the given types. */
export const zerosLike = <S>(types: S): WithLeaves<S, Tensor> =>
  mapTree(types, ({ shape }) => tensor(new Float32Array(sizeOf(shape)), shape));

/** All parameters at once, each at its rate (see `Optimiser`). */
export const updateAll = (
  optimiser: Optimiser,
  parameters: Named<Value>,
  gradients: Named<Value>,
  slots: Named<Named<Value>>,
  hyper: Named<Value>,
  rateOf: (name: string) => number = () => 1,
): { parameters: Record<string, Value>; slots: Record<string, Record<string, Value>> } => {
  const updated: Record<string, Value> = {};
  const next: Record<string, Record<string, Value>> = Object.fromEntries(optimiser.slots.map((slot) => [slot, {}]));
  for (const [name, p] of Object.entries(parameters)) {
    const own = Object.fromEntries(optimiser.slots.map((slot) => [slot, slots[slot]![name]!]));
    const result = optimiser.update(p, gradients[name]!, own, hyper, rateOf(name));
    updated[name] = result.parameter;
    for (const slot of optimiser.slots) next[slot]![name] = result.slots[slot]!;
  }
  return { parameters: updated, slots: next };
};

/** Types and tensors of an optimiser's scalars. */
export const hyperTypes = (optimiser: Optimiser): Record<string, TensorType> =>
  Object.fromEntries(Object.keys(optimiser.hyper(0, 1)).map((name) => [name, float32()]));

export const hyperTensors = (hyper: Hyper): Record<string, Tensor> =>
  Object.fromEntries(Object.entries(hyper).map(([name, value]) => [name, tensor(Float32Array.of(value), [])]));
