import { availableParallelism } from "node:os";
import type { Graph } from "../autodiff/graph.ts";
import { relu } from "../autodiff/ops/elementwise.ts";
import { simplify } from "../autodiff/simplify.ts";
import { type Traced, trace } from "../autodiff/trace.ts";
import { fillTree, leavesOf, type Tree, type WithLeaves } from "../autodiff/tree.ts";
import { float32, formatType, sameType, type Tensor, type TensorType, tensor } from "../autodiff/types.ts";
import { blockTensor, unblockTensor } from "../blocked/layout.ts";
import { type BlockedGraph, blockGraph } from "../blocked/pass.ts";
import { encodeModel } from "../onnx/encode.ts";
import { DistilleryError } from "../support/errors.ts";
import { didYouMean } from "../support/nearest.ts";
import { findBlockSize, hasConvolution } from "./blocking.ts";
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

/** "auto" uses blocked convolutions where the device has them and they agree with the standard operators. */
export type Lowering = "auto" | "standard";

export interface DeviceOptions {
  /** Threads of one operator; the number of cores by default. */
  readonly threads?: number;
  readonly lowering?: Lowering;
}

export const deviceNames = ["cpu", "webgpu", "cuda", "auto"] as const;
export type DeviceName = (typeof deviceNames)[number];

const remedy: Record<Provider, string> = {
  cpu: "reinstall the package: onnxruntime-node ships no binary for this platform",
  webgpu:
    "it needs a GPU with a Vulkan, Metal or Direct3D 12 driver; check that the driver is installed, or use --device cpu",
  cuda:
    "it needs an NVIDIA GPU, CUDA 12 with cuDNN 9, and ONNX Runtime's CUDA files: " +
    "ONNXRUNTIME_NODE_INSTALL=true node node_modules/onnxruntime-node/script/install.js; or use --device cpu",
};

type Leaves = readonly { readonly path: string; readonly leaf: TensorType }[];

const leavesIn = (types: unknown): Leaves => leavesOf(types as Tree<TensorType>);

/** The tensors of a tree in the order of the declared types, found by path; throws SHAPE where one is missing or differs. */
const inOrder = (types: Leaves, given: unknown): Tensor[] => {
  const byPath = new Map(leavesOf(given as Tree<Tensor>).map(({ path, leaf }) => [path, leaf]));
  const known = new Set(types.map(({ path }) => path));
  for (const path of byPath.keys()) {
    if (!known.has(path))
      throw new DistilleryError(
        "SHAPE",
        `input ${path}: given, but the function has no such input${didYouMean(path, [...known])}`,
      );
  }
  return types.map(({ path, leaf }) => {
    const tensor = byPath.get(path);
    if (tensor === undefined || !sameType(tensor, leaf)) {
      throw new DistilleryError(
        "SHAPE",
        `input ${path}: expected ${formatType(leaf)}, got ${tensor ? formatType(tensor) : "nothing"}`,
      );
    }
    return tensor;
  });
};

/** A step's graph with the state first on both sides, in the order of the input state. */
const stateFirst = <State, Feeds, Fetches>({
  graph,
  inputs,
  outputs,
}: Traced<{ state: State; feeds: Feeds }, { state: State; fetches: Fetches }>): {
  graph: Graph;
  state: Leaves;
  feeds: Leaves;
} => {
  const [state, feeds, fetches] = [leavesIn(inputs.state), leavesIn(inputs.feeds), leavesIn(outputs.fetches)];
  const place = (tree: unknown): Map<string, number> => new Map(leavesIn(tree).map(({ path }, i) => [path, i]));
  const [inputAt, outputAt] = [place(inputs), place(outputs)];
  for (const { path, leaf } of state) {
    const next = leavesIn(outputs.state).find((l) => l.path === path)?.leaf;
    if (next === undefined || !sameType(next, leaf)) {
      throw new DistilleryError(
        "SHAPE",
        `state ${path}: enters a step as ${formatType(leaf)} and leaves it as ${next ? formatType(next) : "nothing"}`,
      );
    }
  }
  const input = (path: string) => graph.inputs[inputAt.get(path)!]!;
  const output = (path: string) => graph.outputs[outputAt.get(path)!]!;
  return {
    graph: {
      inputs: [...state.map(({ path }) => input(`state.${path}`)), ...feeds.map(({ path }) => input(`feeds.${path}`))],
      outputs: [
        ...state.map(({ path }) => output(`state.${path}`)),
        ...fetches.map(({ path }) => output(`fetches.${path}`)),
      ],
    },
    state,
    feeds,
  };
};

/** Elements from which a constant is handed to a blocked model instead of being part of it. */
const largeConstant = 4096;

const deviceOn = (thread: SessionThread, provider: Provider, threads: number, lowering: Lowering): Device => {
  let count = 0;
  /** `owned` numbers are handed over to the thread: a large network's weights are not kept twice. */
  const create = async (
    graph: Graph,
    state: number,
    optimise = true,
    owned?: BlockedGraph["owned"],
  ): Promise<number> => {
    const session = count++;
    // Inputs on the CPU are read where they lie; constants are copied twice on their way into a session.
    const { bytes, inputs, outputs, fed } = encodeModel(graph, optimise ? {} : { feedFrom: largeConstant });
    const spec = { model: bytes, inputs, outputs, fed, state, provider, optimise, threads };
    const handed = Object.values(fed).filter(({ data }) => owned?.has(data));
    const buffers = [bytes, ...handed.map(({ data }) => data)].map(({ buffer }) => buffer as ArrayBuffer);
    await thread.ask({ kind: "create", session, spec }, buffers);
    return session;
  };
  const once = async (graph: Graph, feeds: readonly Tensor[]): Promise<readonly Tensor[]> => {
    const session = await create(graph, 0);
    const results = await thread.ask({ kind: "run", session, feeds });
    await release(session);
    return results;
  };
  let found: Promise<number | undefined> | undefined;
  const blockSize = (): Promise<number | undefined> => {
    if (lowering === "standard" || provider !== "cpu") return Promise.resolve(undefined);
    found ??= findBlockSize(once);
    return found;
  };
  /** A session for the graph, and how its state lies on the device. */
  const open = async (
    graph: Graph,
    state: number,
  ): Promise<{ session: number; block?: number | undefined; layouts: BlockedGraph["layouts"] }> => {
    const simple = simplify(graph);
    const block = hasConvolution(simple) ? await blockSize() : undefined;
    if (block === undefined) return { session: await create(simple, state), layouts: [] };
    const { graph: final, layouts, owned } = blockGraph(simple, block, state);
    return { session: await create(final, state, false, owned), block, layouts };
  };
  const release = async (session: number): Promise<void> => {
    await thread.ask({ kind: "release", session });
  };
  return {
    name: provider,
    compile: async ({ graph, inputs, outputs }) => {
      const types = leavesIn(inputs);
      const { session } = await open(graph, 0);
      return {
        run: async (given) =>
          fillTree(outputs, await thread.ask({ kind: "run", session, feeds: inOrder(types, given) })) as never,
        release: () => release(session),
      };
    },
    compileStep: async (traced) => {
      const { graph, state, feeds } = stateFirst(traced);
      const { session, block, layouts } = await open(graph, state.length);
      let written = state.length === 0;
      const needState = (): void => {
        if (!written) throw new DistilleryError("SHAPE", "a step needs its state: write it before the first run");
      };
      return {
        write: async (given) => {
          const tensors = inOrder(state, given).map((t, i) => (layouts[i] ? blockTensor(t, layouts[i], block!) : t));
          await thread.ask({ kind: "write", session, state: tensors });
          written = true;
        },
        read: async () => {
          needState();
          const tensors = await thread.ask({ kind: "read", session });
          const plain = tensors.map((t, i) => (layouts[i] ? unblockTensor(t, layouts[i], state[i]!.leaf.shape) : t));
          return fillTree(traced.inputs.state, plain) as never;
        },
        run: async (given) => {
          const tensors = inOrder(feeds, given);
          needState();
          const transfer = new Set(tensors.map((t) => t.data.buffer as ArrayBuffer));
          return fillTree(
            traced.outputs.fetches,
            await thread.ask({ kind: "run", session, feeds: tensors }, [...transfer]),
          ) as never;
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
export const openDevice = async (
  name: string,
  { threads = availableParallelism(), lowering = "auto" }: DeviceOptions = {},
): Promise<Device> => {
  if (!(deviceNames as readonly string[]).includes(name)) {
    throw new DistilleryError(
      "USAGE",
      `unknown device "${name}"${didYouMean(name, deviceNames)}; known: ${deviceNames.join(", ")}`,
    );
  }
  const candidates: readonly Provider[] = name === "auto" ? ["cuda", "webgpu", "cpu"] : [name as Provider];
  for (const provider of candidates) {
    const thread = openSessionThread();
    const device = deviceOn(thread, provider, threads, lowering);
    try {
      await probe(device);
      return device;
    } catch (cause) {
      await thread.close();
      if (provider === candidates.at(-1)) {
        const why = cause instanceof Error ? cause.message.split("\n")[0] : String(cause);
        throw new DistilleryError("DEVICE", `device ${provider} is not available here (${why}): ${remedy[provider]}`, {
          cause,
        });
      }
    }
  }
  throw new DistilleryError("DEVICE", "no device is available");
};
