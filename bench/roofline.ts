import { availableParallelism } from "node:os";
import { performance } from "node:perf_hooks";
import { parseArgs } from "node:util";
import {
  add,
  constant,
  conv2d,
  float32,
  type Graph,
  mapTree,
  matmul,
  mean,
  sizeOf,
  type TensorType,
  tensor,
  trace,
  type Value,
} from "../src/autodiff/index.ts";
import { type Device, openDevice } from "../src/runtime/index.ts";
import { flopsOf } from "./flops.ts";
import { takeGuarded } from "./guard.ts";
import { rounded } from "./statistics.ts";

/**
 * What the machine can do through our own runtime, the best of some undisturbed samples, as one JSON line:
 *
 *   roofline.ts [--device cpu] [--threads 2] [--runs 8] [--others 0.08]
 *
 * matmul: 2048 x 2048 x 2048; convolution: 3x3, 128 -> 128 channels at 32x32, batch 16; weights constant, so that the
 * runtime may pack them as it likes best. add: of 64 MiB tensors, two read and one written. Each several times in a row
 * within one graph, so that what goes in and out counts for little.
 */
export interface Roofline {
  /** GFLOP/s. */
  readonly matmul: number;
  readonly convolution: number;
  /** GB/s. */
  readonly add: number;
  /** The better of the two rates: what per cents are of. */
  readonly best: number;
}

interface Probe {
  readonly inputs: Record<string, TensorType>;
  readonly chain: (inputs: Record<string, Value>) => Value;
  /** Work in a run, in units of 1e9. */
  readonly amount: (graph: Graph) => number;
}

/** A constant of equal numbers that sum to one over `terms`: values neither grow nor vanish along a chain. */
const averaging = (terms: number, ...shape: readonly number[]): Value =>
  constant(tensor(new Float32Array(sizeOf(shape)).fill(1 / terms), shape));

const repeat = (times: number, fn: (x: Value) => Value, x: Value): Value =>
  Array.from({ length: times }).reduce<Value>((y) => fn(y), x);

const size = 2048;
const channels = 128;
const elements = 2 ** 24;
const additions = 8;

const gflopOf = (graph: Graph): number => flopsOf(graph) / 1e9;

const probes: Readonly<Record<"matmul" | "convolution" | "add", Probe>> = {
  matmul: {
    inputs: { x: float32(size, size) },
    chain: ({ x }) => {
      const w = averaging(size, size, size);
      return repeat(2, (y) => matmul(y, w), x!);
    },
    amount: gflopOf,
  },
  convolution: {
    inputs: { x: float32(16, channels, 32, 32) },
    chain: ({ x }) => {
      const w = averaging(9 * channels, channels, channels, 3, 3);
      return repeat(8, (y) => conv2d(y, w, undefined, { padding: 1 }), x!);
    },
    amount: gflopOf,
  },
  add: {
    inputs: { x: float32(elements), y: float32(elements) },
    chain: ({ x, y }) => repeat(additions, (z) => add(z, y!), x!),
    // The mean at the end reads once more.
    amount: () => (4 * elements * (3 * additions + 1)) / 1e9,
  },
};

const best = async (device: Device, { inputs, chain, amount }: Probe, runs: number, share: number): Promise<number> => {
  // A step without a state: unlike a compiled function's, its inputs are handed over without a copy.
  const traced = trace({ state: {}, feeds: inputs }, ({ feeds }) => ({
    state: {},
    fetches: { mean: mean(chain(feeds as Record<string, Value>)) },
  }));
  const stepper = await device.compileStep(traced);
  const sample = async (): Promise<number> => {
    const feeds = mapTree(inputs, ({ shape }) => tensor(new Float32Array(sizeOf(shape)).fill(1), shape));
    const start = performance.now();
    await stepper.run(feeds);
    return performance.now() - start;
  };
  await sample();
  const { samples } = await takeGuarded(sample, { runs, share, limit: 20_000 });
  await stepper.release();
  return samples.length === 0 ? 0 : (1000 * amount(traced.graph)) / Math.min(...samples);
};

const { values } = parseArgs({
  options: {
    device: { type: "string", default: "cpu" },
    threads: { type: "string", default: `${availableParallelism()}` },
    runs: { type: "string", default: "8" },
    others: { type: "string", default: "0.08" },
  },
});
const device = await openDevice(values.device, { threads: Number(values.threads) });
const rates = { matmul: 0, convolution: 0, add: 0 };
for (const name of ["matmul", "convolution", "add"] as const) {
  rates[name] = rounded(await best(device, probes[name], Number(values.runs), Number(values.others)), 1);
}
await device.close();
console.log(JSON.stringify({ ...rates, best: Math.max(rates.matmul, rates.convolution) } satisfies Roofline));
