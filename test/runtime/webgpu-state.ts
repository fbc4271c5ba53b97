import { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";
import { add, gradients, mul, sub, trace } from "../../src/autodiff/index.ts";
import { mapTree, tensorsOf } from "../../src/autodiff/tree.ts";
import { floats, type Tensor } from "../../src/autodiff/types.ts";
import { constants, networkLoss, variables } from "../../src/runtime/check-network.ts";
import type { Device } from "../../src/runtime/index.ts";
import { deviceOn } from "../../src/runtime/on-thread.ts";
import { checkPoint, seed } from "../../src/runtime/self-check.ts";
import type { SessionThread } from "../../src/runtime/session-thread.ts";
import { answering } from "../../src/runtime/sessions.ts";
import { tracedLayers } from "../../src/runtime/traced-layers.ts";
import { stream } from "../../src/support/random.ts";
import { relativeError } from "../autodiff/draw.ts";

/**
 * Trains the self-check's network with momentum on WebGPU and on the CPU, with states read and written in between, and
 * counts the tensors in GPU buffers. Prints one line of JSON.
 */
export interface Trained {
  /** Tensors of the state. */
  readonly tensors: number;
  /** Largest difference of a loss or of a state that was read, relative to its largest element. */
  readonly worst: number;
  /** Different counts of tensors in GPU buffers after each of 50 steps, and that after the step is released. */
  readonly living: readonly number[];
  readonly left: number;
}

let living = 0;
const { fromGpuBuffer } = OrtTensor;
OrtTensor.fromGpuBuffer = (buffer, options) => {
  living++;
  const dispose = (): void => {
    living--;
    options.dispose?.();
  };
  return fromGpuBuffer(buffer, { ...options, dispose });
};

/** Sessions on this thread, where their tensors can be counted. */
const open = (kind: "cpu" | "webgpu"): Promise<Device> => {
  const answer = answering({ InferenceSession, Tensor: OrtTensor });
  const here: SessionThread = { ask: (request) => answer(structuredClone(request)), close: async () => undefined };
  return deviceOn(here, kind, { threads: 1, lowering: "standard", note: () => undefined });
};

const state = { weights: variables, slots: variables, untouched: variables.gate };
const step = trace({ state, feeds: constants }, ({ state: { weights, slots, untouched }, feeds }) => {
  const loss = networkLoss(tracedLayers, weights, feeds);
  const gradient = gradients(loss, weights);
  const next = mapTree(slots, (slot, name) => add(mul(slot, 0.9), gradient[name as keyof typeof variables]));
  const moved = mapTree(weights, (w, name) => sub(w, mul(next[name as keyof typeof variables], 0.01)));
  return { state: { weights: moved, slots: next, untouched }, fetches: { loss } };
});

const { variables: weights, rows, targets } = checkPoint(stream(seed, "self-check"));
const start = { weights, slots: weights, untouched: weights.gate };
const feeds = () => ({
  rows: { ...rows, data: rows.data.slice() },
  targets: { ...targets, data: targets.data.slice() },
});

const train = async (device: Device) => {
  const stepper = await device.compileStep(step);
  const seen: Tensor[] = [];
  const see = (tree: unknown): void => void seen.push(...tensorsOf(tree).map(({ leaf }) => leaf));
  await stepper.write(start);
  see(await stepper.read());
  for (let i = 0; i < 4; i++) see(await stepper.run(feeds()));
  see(await stepper.read());
  await stepper.write({ ...(await stepper.read()), slots: weights });
  for (let i = 0; i < 2; i++) see(await stepper.run(feeds()));
  see(await stepper.read());
  await stepper.write(start);
  const counts = new Set<number>();
  for (let i = 0; i < 50; i++) {
    await stepper.run(feeds());
    counts.add(living);
  }
  await stepper.release();
  return { seen: seen.map(floats), living: [...counts], left: living };
};

const expected = await train(await open("cpu"));
const { seen, ...counted } = await train(await open("webgpu"));
const worst = Math.max(...seen.map((values, i) => relativeError(values, expected.seen[i]!)));
console.log(JSON.stringify({ tensors: tensorsOf(start).length, worst, ...counted } satisfies Trained));
process.exit(0);
