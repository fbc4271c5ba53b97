import { availableParallelism } from "node:os";
import type { Graph } from "../autodiff/graph.ts";
import { relu } from "../autodiff/ops/elementwise.ts";
import { simplify } from "../autodiff/simplify.ts";
import { type Traced, trace } from "../autodiff/trace.ts";
import { fillTree, leavesOf, type Tree, type WithLeaves } from "../autodiff/tree.ts";
import { float32, formatType, sameType, type Tensor, type TensorType, tensor } from "../autodiff/types.ts";
import { encodeModel } from "../onnx/encode.ts";
import { DistilleryError } from "../support/errors.ts";
import { didYouMean } from "../support/nearest.ts";
import type { Provider } from "./protocol.ts";
import { openSessionThread, type SessionThread } from "./session-thread.ts";

/** The tensors that stand where a tree of types has its leaves. */
export type Tensors<S> = WithLeaves<S, TensorType, Tensor>;

/** A compiled function without memory. */
export interface Compiled<In, Out> {
  run(inputs: Tensors<In>): Promise<Tensors<Out>>;
  release(): Promise<void>;
}

/** A compiled function { state, feeds } -> { state, fetches } whose state stays on the device between runs. */
export interface Stepper<State, Feeds, Fetches> {
  write(state: Tensors<State>): Promise<void>;
  read(): Promise<Tensors<State>>;
  /** One step: returns the fetches and keeps the new state. The feeds' buffers are handed over. */
  run(feeds: Tensors<Feeds>): Promise<Tensors<Fetches>>;
  release(): Promise<void>;
}

/** Where graphs run. */
export interface Device {
  readonly name: Provider;
  compile<In, Out>(traced: Traced<In, Out>): Promise<Compiled<In, Out>>;
  compileStep<State, Feeds, Fetches>(
    traced: Traced<{ state: State; feeds: Feeds }, { state: State; fetches: Fetches }>,
  ): Promise<Stepper<State, Feeds, Fetches>>;
  close(): Promise<void>;
}

export interface DeviceOptions {
  /** Threads of one operator; the number of cores by default. */
  readonly threads?: number;
}

export const deviceNames = ["cpu", "webgpu", "cuda", "auto"] as const;
export type DeviceName = (typeof deviceNames)[number];

const remedy: Record<Provider, string> = {
  cpu: "reinstall the package: onnxruntime-node ships no binary for this platform",
  webgpu: "it needs a GPU with a Vulkan, Metal or Direct3D 12 driver; check that the driver is installed, or use --device cpu",
  cuda:
    "it needs an NVIDIA GPU, CUDA 12 with cuDNN 9, and ONNX Runtime's CUDA files: " +
    "ONNXRUNTIME_NODE_INSTALL=true node node_modules/onnxruntime-node/script/install.js; or use --device cpu",
};

const flatten = (tree: unknown): Tensor[] => leavesOf(tree as Tree<Tensor>).map(({ leaf }) => leaf);

const checkFeeds = (types: readonly { path: string; leaf: TensorType }[], tensors: readonly Tensor[]): void => {
  types.forEach(({ path, leaf }, i) => {
    const given = tensors[i];
    if (given === undefined || !sameType(given, leaf)) {
      throw new DistilleryError("SHAPE", `input ${path}: expected ${formatType(leaf)}, got ${given ? formatType(given) : "nothing"}`);
    }
  });
};

const deviceOn = (thread: SessionThread, provider: Provider, threads: number): Device => {
  let count = 0;
  const open = async (graph: Graph, state: number) => {
    const session = count++;
    const model = encodeModel(simplify(graph));
    const spec = { model: model.bytes, inputs: model.inputs, outputs: model.outputs, state, provider, threads };
    await thread.ask({ kind: "create", session, spec }, [model.bytes.buffer as ArrayBuffer]);
    return session;
  };
  const release = async (session: number): Promise<void> => {
    await thread.ask({ kind: "release", session });
  };
  return {
    name: provider,
    compile: async ({ graph, inputs, outputs }) => {
      const types = leavesOf(inputs as Tree<TensorType>);
      const session = await open(graph, 0);
      return {
        run: async (given) => {
          const feeds = flatten(given);
          checkFeeds(types, feeds);
          return fillTree(outputs, await thread.ask({ kind: "run", session, feeds })) as never;
        },
        release: () => release(session),
      };
    },
    compileStep: async ({ graph, inputs, outputs }) => {
      const stateTypes = leavesOf(inputs.state as Tree<TensorType>);
      const feedTypes = leavesOf(inputs.feeds as Tree<TensorType>);
      const session = await open(graph, stateTypes.length);
      return {
        write: async (given) => {
          const state = flatten(given);
          checkFeeds(stateTypes, state);
          await thread.ask({ kind: "write", session, state });
        },
        read: async () => fillTree(inputs.state, await thread.ask({ kind: "read", session })) as never,
        run: async (given) => {
          const feeds = flatten(given);
          checkFeeds(feedTypes, feeds);
          const transfer = feeds.map((t) => t.data.buffer as ArrayBuffer);
          return fillTree(outputs.fetches, await thread.ask({ kind: "run", session, feeds }, [...new Set(transfer)])) as never;
        },
        release: () => release(session),
      };
    },
    close: () => thread.close(),
  };
};

/** Whether a device really computes: a driver may be present and useless. */
const probe = async (device: Device): Promise<void> => {
  const compiled = await device.compile(trace({ x: float32(2) }, ({ x }) => ({ y: relu(x) })));
  const { y } = await compiled.run({ x: tensor(Float32Array.of(-1, 2), [2]) });
  if (y.data[0] !== 0 || y.data[1] !== 2) throw new Error(`relu([-1, 2]) came out as [${y.data}]`);
  await compiled.release();
};

/**
 * Opens a device by name; `auto` takes the first of cuda, webgpu, cpu that works.
 * @throws DEVICE with the way to get it where the device is missing.
 */
export const openDevice = async (name: string, { threads = availableParallelism() }: DeviceOptions = {}): Promise<Device> => {
  if (!(deviceNames as readonly string[]).includes(name)) {
    throw new DistilleryError("USAGE", `unknown device "${name}"${didYouMean(name, deviceNames)}; known: ${deviceNames.join(", ")}`);
  }
  const candidates: readonly Provider[] = name === "auto" ? ["cuda", "webgpu", "cpu"] : [name as Provider];
  for (const provider of candidates) {
    const thread = openSessionThread();
    const device = deviceOn(thread, provider, threads);
    try {
      await probe(device);
      return device;
    } catch (cause) {
      await thread.close();
      if (provider === candidates.at(-1)) {
        const why = cause instanceof Error ? cause.message.split("\n")[0] : String(cause);
        throw new DistilleryError("DEVICE", `device ${provider} is not available here (${why}): ${remedy[provider]}`, { cause });
      }
    }
  }
  throw new DistilleryError("DEVICE", "no device is available");
};
