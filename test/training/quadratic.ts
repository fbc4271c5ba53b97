import { add, gradients, mean, mul, sub } from "../../src/autodiff/index.ts";
import { trace } from "../../src/autodiff/trace.ts";
import { float32, type Tensor, tensor } from "../../src/autodiff/types.ts";
import { adam, hyperTensors, hyperTypes } from "../../src/nn/optimisers.ts";
import type { Device, Stepper } from "../../src/runtime/device.ts";
import { stream } from "../../src/support/random.ts";
import { type Progress, progressTo } from "../../src/support/work/progress.ts";
import type { Loop } from "../../src/training/loop.ts";

const size = 5;
const type = float32(size);
const state = { x: type, slots: { first: type, second: type } };
const optimiser = adam({ beta2: 0.9 });
const feeds = { target: type, factor: float32(), hyper: hyperTypes(optimiser) };
const fetches = { loss: float32() };

export type QuadraticStepper = Stepper<typeof state, typeof feeds, typeof fetches> & { readonly types: typeof state };

/** One Adam step down factor * mean (x - target)^2 + 1. */
export const traceQuadratic = () =>
  trace({ state, feeds }, ({ state: { x, slots }, feeds: { target, factor, hyper } }) => {
    const apart = sub(x, target);
    const loss = mul(mean(mul(apart, apart)), factor);
    const { parameter, slots: next } = optimiser.update(x, gradients(loss, x), slots, hyper);
    return {
      state: { x: parameter, slots: { first: next.first!, second: next.second! } },
      fetches: { loss: add(loss, 0.01) },
    };
  });

/** The step compiled; the state and its types together. */
export const openQuadratic = async (device: Device): Promise<QuadraticStepper> => ({
  ...(await device.compileStep(traceQuadratic())),
  types: state,
});

export interface QuadraticOptions {
  readonly steps: number;
  /** Factor of a step's loss. */
  readonly spoil?: (step: number) => number;
  readonly rate?: (step: number) => number;
  readonly onFeeds?: (step: number) => void;
}

/** Targets jitter around 3 from step to step, each from its own keyed stream. */
export const quadraticLoop = (
  stepper: Omit<QuadraticStepper, "types">,
  { steps, spoil = () => 1, rate = () => 0.1, onFeeds = () => undefined }: QuadraticOptions,
): Loop<typeof state, typeof feeds, typeof fetches> => {
  const zeros = (): Tensor => tensor(new Float32Array(size), [size]);
  return {
    title: "quadratic",
    stepper,
    types: state,
    steps,
    start: () => ({ x: zeros(), slots: { first: zeros(), second: zeros() } }),
    feeds: async (step) => {
      onFeeds(step);
      const random = stream(1, "quadratic", step);
      const target = tensor(
        Float32Array.from({ length: size }, () => 3 + 0.1 * random.normal()),
        [size],
      );
      const factor = tensor(Float32Array.of(spoil(step)), []);
      return { target, factor, hyper: hyperTensors(optimiser.hyper(step, rate(step))) };
    },
    advice: "lower the learning rate",
  };
};

/** Progress that hands every update and the end to the test. */
export const recording = (onUpdate: (done: number) => unknown, onEnd: () => unknown = () => undefined): Progress =>
  progressTo((event) => {
    if (event.type === "update") onUpdate(event.done);
    if (event.type === "end") onEnd();
  });
