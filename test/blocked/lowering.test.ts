import fc from "fast-check";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import {
  type Graph,
  leavesOf,
  mapTree,
  simplify,
  sizeOf,
  type Tensor,
  type TensorType,
  tensor,
} from "../../src/autodiff/index.ts";
import { blockGraph } from "../../src/blocked/pass.ts";
import { type Device, openDevice } from "../../src/runtime/index.ts";
import { stream } from "../../src/support/random.ts";
import { type Network, network, traceNetwork } from "./random-network.ts";

const plainConvolution: Network = {
  batch: 1,
  channels: 16,
  height: 5,
  width: 5,
  head: "sum",
  layers: [
    {
      kind: "conv",
      width: 1,
      odd: 0,
      kernel: 3,
      stride: 1,
      padding: 1,
      bias: false,
      norm: "none",
      activation: "none",
      gate: false,
      skip: false,
      pool: "none",
    },
  ],
};

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
  await stepper.write(mapTree<typeof traced.inputs.state, TensorType, Tensor>(traced.inputs.state, filled));
  const fetches = await stepper.run(
    mapTree<typeof traced.inputs.feeds, TensorType, Tensor>(traced.inputs.feeds, filled),
  );
  const state = await stepper.read();
  await stepper.release();
  return Object.fromEntries(leavesOf({ state, fetches } as never).map(({ path, leaf }) => [path, leaf as Tensor]));
};

const largest = (values: ArrayLike<number>): number =>
  Array.from(values).reduce((most, v) => Math.max(most, Math.abs(v)), 0);

/** Largest difference of two tensors, relative to the largest element. */
const difference = (a: Tensor, b: Tensor): number => {
  const [ours, theirs] = [a.data as Float32Array, b.data as Float32Array];
  return largest(ours.map((v, i) => v - theirs[i]!)) / Math.max(1e-6, largest(theirs));
};

test("this processor has blocked convolutions, and they pass the self-check", async () => {
  const written = vi.spyOn(process.stderr, "write");
  const device = await openDevice("cpu", { threads: 1 });
  await stepOn(device, plainConvolution, 16);
  await device.close();
  expect(written.mock.calls.filter(([line]) => String(line).startsWith("Blocked"))).toEqual([]);
});

test("random networks give the same values and gradients under both lowerings", async () => {
  await fc.assert(
    fc.asyncProperty(network(16), async (net) => {
      const [ours, theirs] = [await stepOn(blocked, net, 16), await stepOn(standard, net, 16)];
      for (const [path, t] of Object.entries(theirs)) {
        expect(ours[path]!.shape, path).toEqual(t.shape);
        expect(difference(ours[path]!, t), path).toBeLessThan(2e-4);
      }
    }),
    { numRuns: 60, seed: 1 },
  );
}, 180_000);

test("so does Winograd's way wherever it can be taken", async () => {
  // So small a cache that many of the networks need several chunks of images.
  const winograd = { isFaster: () => true, cache: 80_000 };
  const everywhere = (graph: Graph): Graph => blockGraph(simplify(graph), 16, 0, winograd).graph;
  const square: fc.Arbitrary<Network> = network(16).map((net) => ({
    ...net,
    // Tiles that fill whole blocks, so that gradients of filters go this way too.
    batch: 16,
    // Its rounding is coarser, and at the kinks of ReLU and max pooling a last digit may turn a gradient: smooth networks.
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
  await fc.assert(
    fc.asyncProperty(square, async (net) => {
      const [ours, theirs] = [await stepOn(standard, net, 16, everywhere), await stepOn(standard, net, 16)];
      for (const [path, t] of Object.entries(theirs)) {
        expect(difference(ours[path]!, t), path).toBeLessThan(1e-3);
      }
    }),
    { numRuns: 40, seed: 1 },
  );
}, 180_000);
