import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  type Graph,
  mapTree,
  simplify,
  sizeOf,
  type Tensor,
  type TensorType,
  tensor,
  tensorsOf,
} from "../../src/autodiff/index.ts";
import { blockGraph } from "../../src/blocked/pass.ts";
import { type WinogradChoice, winogradChoice } from "../../src/blocked/winograd.ts";
import { findBlockSize } from "../../src/runtime/blocking.ts";
import { type Device, openDevice } from "../../src/runtime/index.ts";
import type { RunOnce } from "../../src/runtime/self-check.ts";
import { stream } from "../../src/support/random.ts";
import { interpretedGraph } from "./interpreter.ts";
import { type Network, network, traceNetwork } from "./random-network.ts";

let blocked: Device;
let standard: Device;
beforeAll(async () => {
  blocked = await openDevice("cpu", { threads: 2 });
  standard = await openDevice("cpu", { threads: 2, lowering: "standard" });
});
afterAll(async () => {
  await blocked.close();
  await standard.close();
});

/** State after one step, and the fetches, of a network on a device. */
const stepOn = async (
  device: Device,
  net: Network,
  b: number,
  pass: (graph: Graph) => Graph = (graph) => graph,
): Promise<Record<string, Tensor>> => {
  const plain = traceNetwork(net, b);
  const traced = { ...plain, graph: pass(plain.graph) };
  const random = stream(1, JSON.stringify(net));
  const filled = ({ shape }: TensorType): Tensor => {
    const spread = shape.length === 4 ? 2 / Math.sqrt(sizeOf(shape.slice(1))) : 1;
    return tensor(
      Float32Array.from({ length: sizeOf(shape) }, () => spread * (2 * random.float() - 0.8)),
      shape,
    );
  };
  const stepper = await device.compileStep(traced);
  await stepper.write(mapTree(traced.inputs.state, filled));
  const fetches = await stepper.run(mapTree(traced.inputs.feeds, filled));
  const state = await stepper.read();
  await stepper.release();
  return Object.fromEntries(tensorsOf({ state, fetches }).map(({ path, leaf }) => [path, leaf]));
};

const largest = (values: ArrayLike<number>): number =>
  Array.from(values).reduce((most, v) => Math.max(most, Math.abs(v)), 0);

/** Largest difference of two tensors, relative to the largest element. */
const difference = (a: Tensor, b: Tensor): number => {
  const [ours, theirs] = [a.data as Float32Array, b.data as Float32Array];
  return largest(ours.map((v, i) => v - theirs[i]!)) / Math.max(1e-6, largest(theirs));
};

/** Asserts that a graph gives what the standard lowering gives of the network: every state and every fetch. */
const expectSame = async (
  net: Network,
  b: number,
  tolerance: number,
  device: Device,
  pass?: (graph: Graph) => Graph,
): Promise<void> => {
  const [ours, theirs] = [await stepOn(device, net, b, pass), await stepOn(standard, net, b)];
  for (const [path, t] of Object.entries(theirs)) {
    expect(ours[path]!.shape, path).toEqual(t.shape);
    expect(difference(ours[path]!, t), path).toBeLessThan(tolerance);
  }
};

// So small a cache that many of the networks need several chunks of images.
const winogradEverywhere: WinogradChoice = { isFaster: () => true, cache: 80_000 };

/** Networks of 3 x 3 convolutions without strides on tiles that fill whole blocks, so that filters' gradients are tiled too. */
const square = (b: number): fc.Arbitrary<Network> =>
  network(b).map((net) => ({
    ...net,
    batch: 16,
    // Winograd's rounding is coarser, and at the kinks of ReLU and max pooling a last digit may turn a gradient.
    layers: net.layers.map((l) => ({
      ...l,
      kind: "conv",
      kernel: 3,
      stride: 1,
      odd: 0,
      activation: "none",
      pool: l.pool === "max" ? "none" : l.pool,
    })),
  }));

/** The block of this processor, undefined where ONNX Runtime has no blocked convolutions for it. */
const ownBlock = async (note: (line: string) => void): Promise<number | undefined> => {
  const run: RunOnce = async (graph, feeds) => {
    const named = <T>(values: readonly T[]): Record<string, T> =>
      Object.fromEntries(values.map((v, i) => [`v${i}`, v]));
    const compiled = await standard.compile({ graph, inputs: named(graph.inputs), outputs: named(graph.outputs) });
    const results = await compiled.run(named(feeds));
    await compiled.release();
    return Object.values(results);
  };
  return findBlockSize(run, note);
};

describe("on this processor, by ONNX Runtime", () => {
  let own: number | undefined;
  beforeAll(async () => {
    const notes: string[] = [];
    own = await ownBlock((line) => notes.push(line));
    expect(notes).toEqual([]);
    // Every x64 processor has them; elsewhere it is no fault to have none.
    if (process.arch === "x64") expect(own).toBeDefined();
    else if (own === undefined) console.log("left out: this processor has no blocked convolutions");
  });

  test("random networks give the same values and gradients under both lowerings", async () => {
    const b = own ?? 16;
    await fc.assert(
      fc.asyncProperty(network(b), (net) => expectSame(net, b, 2e-4, blocked)),
      { numRuns: 40, seed: 1 },
    );
  }, 180_000);

  test("so do transformed tiles (Winograd) wherever they can be taken", async () => {
    if (own === undefined) return;
    const b = own;
    const everywhere = (graph: Graph): Graph => blockGraph(simplify(graph), b, 0, winogradEverywhere).graph;
    await fc.assert(
      fc.asyncProperty(square(b), (net) => expectSame(net, b, 1e-3, standard, everywhere)),
      { numRuns: 40, seed: 1 },
    );
  }, 180_000);
});

describe.each([4, 8, 16])("at a block of %i, interpreted by standard operators on any processor", (b) => {
  const pass =
    (winograd: WinogradChoice, states: (graph: Graph) => number) =>
    (graph: Graph): Graph =>
      interpretedGraph(graph, blockGraph(simplify(graph), b, states(graph), winograd), b);
  // What a network's step hands on: all but the loss and the image's gradient.
  const kept = (graph: Graph): number => graph.outputs.length - 2;

  test("random networks give the same values and gradients", async () => {
    await fc.assert(
      fc.asyncProperty(network(b), (net) => expectSame(net, b, 2e-4, standard, pass(winogradChoice, kept))),
      { numRuns: 24, seed: 2 },
    );
  }, 180_000);

  test("so do transformed tiles (Winograd)", async () => {
    await fc.assert(
      fc.asyncProperty(square(b), (net) => expectSame(net, b, 1e-3, standard, pass(winogradEverywhere, kept))),
      { numRuns: 12, seed: 2 },
    );
  }, 180_000);
});
