// A device on its thread: compiled functions and steps whose state stays there.
import type { Graph } from "../autodiff/graph.ts";
import { type DeviceRules, simplify } from "../autodiff/simplify.ts";
import type { Traced } from "../autodiff/trace.ts";
import { fillTree, type WithLeaves } from "../autodiff/tree.ts";
import { sizeOf, type Tensor, tensor } from "../autodiff/types.ts";
import { blockTensor, unblockTensor } from "../blocked/layout.ts";
import { type BlockedGraph, blockGraph } from "../blocked/pass.ts";
import { encodeModel } from "../onnx/encode.ts";
import { encodeSteps } from "../onnx/steps.ts";
import { DistilleryError } from "../support/errors.ts";
import { lazy } from "../support/lazy.ts";
import { inOrder, type Leaves, leavesIn, stateFirst } from "./arrange.ts";
import { findBlockSize, hasConvolution } from "./blocking.ts";
import { type Kind, kinds, type Stride } from "./kinds.ts";
import { buffersOf } from "./protocol.ts";
import { checkResults, type RunOnce } from "./self-check.ts";
import type { SessionThread } from "./session-thread.ts";
import { stack, unstack } from "./stack.ts";

/** The tensors that stand where a tree of types has its leaves. */
export type Tensors<S> = WithLeaves<S, Tensor>;

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
  /** Several steps in one run; absent where nothing is gained by it. */
  readonly several?: Several<Feeds, Fetches>;
  release(): Promise<void>;
}

/** Steps of which many go in one run, with the same results as one by one. */
export interface Several<Feeds, Fetches> {
  /** The most steps that one run should take. */
  readonly stride: number;
  /** Puts feeds together for a run, which returns the fetches of each step; none of them counts if one fails. */
  prepare(feeds: readonly Tensors<Feeds>[]): () => Promise<readonly Tensors<Fetches>[]>;
}

/** Compiles graphs and runs them. */
export interface Device {
  readonly name: Kind;
  compile<In, Out>(traced: Traced<In, Out>): Promise<Compiled<In, Out>>;
  compileStep<State, Feeds, Fetches>(
    traced: Traced<{ state: State; feeds: Feeds }, { state: State; fetches: Fetches }>,
  ): Promise<Stepper<State, Feeds, Fetches>>;
  /** Opens a model of another program as it stands, with one input and one output. */
  load(model: Uint8Array, input: string, output: string): Promise<Loaded>;
  close(): Promise<void>;
}

/** A model of another program. */
export interface Loaded {
  run(input: Tensor): Promise<Tensor>;
  release(): Promise<void>;
}

/** "auto" uses blocked convolutions where the device has them and they agree with the standard operators. */
export type Lowering = "auto" | "standard";

/** Settings of running graphs on a device. */
export interface Running {
  /** Threads of one operator. */
  readonly threads: number;
  readonly lowering: Lowering;
  /** Takes a line that a person should see. */
  readonly note: (line: string) => void;
  /** Steps in one run; the kind's rule by default. */
  readonly stride?: Stride;
  /** Rules of the device's own; the kind's by default. */
  readonly rules?: DeviceRules;
}

/** Elements from which a constant is handed to a blocked model instead of being part of it. */
const largeConstant = 4096;

interface Creation {
  readonly state?: number;
  readonly optimise?: boolean;
  /** Numbers that are handed over to the thread: a large network's weights are not kept twice. */
  readonly owned?: BlockedGraph["owned"];
  /** Threads; all that the device has by default. */
  readonly on?: number;
  /** Takes any number of steps in one run. */
  readonly looped?: boolean;
}

const bytesIn = (leaves: Leaves): number =>
  leaves.reduce((sum, { leaf: { dtype, shape } }) => sum + (dtype === "int64" ? 8 : 4) * sizeOf(shape), 0);

/**
 * The device of a thread, once it has proved to compute what it should.
 * @throws WrongResult where it does not, and ONNX Runtime's errors where it cannot be used at all.
 */
export const deviceOn = async (
  thread: SessionThread,
  kind: Kind,
  { threads, lowering, note, stride: strideOf = kinds[kind].stride, rules = kinds[kind].rules }: Running,
): Promise<Device> => {
  const { provider, tolerance, gpuBuffers } = kinds[kind];
  let count = 0;
  const create = async (
    graph: Graph,
    { state = 0, optimise = true, owned, on = threads, looped = false }: Creation = {},
  ): Promise<number> => {
    const session = count++;
    // Inputs on the CPU are read where they lie; constants are copied twice on their way into a session.
    const feedFrom = optimise ? Number.POSITIVE_INFINITY : largeConstant;
    const encoded = looped ? encodeSteps(graph, state, feedFrom) : encodeModel(graph, { feedFrom });
    const { bytes, inputs, outputs, fed } = encoded;
    const held = graph.inputs.slice(0, state);
    const reader = gpuBuffers && state > 0 ? encodeModel({ inputs: held, outputs: held }).bytes : undefined;
    const spec = { model: bytes, inputs, outputs, fed, state, reader, provider, optimise, threads: on };
    const handed = Object.values(fed).filter(({ data }) => owned?.has(data));
    await thread.ask({ kind: "create", session, spec }, buffersOf([bytes, ...handed.map(({ data }) => data)]));
    return session;
  };
  const once = async (graph: Graph, feeds: readonly Tensor[]): Promise<readonly Tensor[]> => {
    // A graph that runs once is small: threads and, on the CPU, rewriting it would take longer than they save.
    const session = await create(graph, { on: 1, optimise: provider !== "cpu" });
    const results = await thread.ask({ kind: "run", session, feeds });
    await release(session);
    return results;
  };
  const found = lazy(() => findBlockSize(once, note));
  const blockSize = (): Promise<number | undefined> =>
    lowering === "standard" || provider !== "cpu" ? Promise.resolve(undefined) : found.get();
  /** A session for the graph, and how its state lies on the device. */
  const open = async (
    graph: Graph,
    state: number,
    looped = false,
  ): Promise<{ session: number; block?: number | undefined; layouts: BlockedGraph["layouts"] }> => {
    const simple = simplify(graph, rules);
    const block = hasConvolution(simple) ? await blockSize() : undefined;
    if (block === undefined) return { session: await create(simple, { state, looped }), layouts: [] };
    const { graph: final, layouts, owned } = blockGraph(simple, block, state);
    return { session: await create(final, { state, optimise: false, owned, looped }), block, layouts };
  };
  const release = async (session: number): Promise<void> => {
    await thread.ask({ kind: "release", session });
  };
  // Checks the graph that will be run. Without rules of its own a device takes it as it was prepared.
  const checked: RunOnce = (graph, feeds) => once(rules.rewrites.length === 0 ? graph : simplify(graph, rules), feeds);
  await checkResults(checked, tolerance);
  return {
    name: kind,
    compile: async ({ graph, inputs, outputs }) => {
      const types = leavesIn(inputs);
      const { session } = await open(graph, 0);
      return {
        run: async (given) =>
          fillTree(outputs, await thread.ask({ kind: "run", session, feeds: inOrder(types, given) })),
        release: () => release(session),
      };
    },
    compileStep: async (traced) => {
      const { graph, state, feeds } = stateFirst(traced);
      const stride = strideOf({ state: bytesIn(state), feeds: bytesIn(feeds) });
      const { session, block, layouts } = await open(graph, state.length, stride > 1);
      let written = state.length === 0;
      const needState = (): void => {
        if (!written) throw new DistilleryError("SHAPE", "a step needs its state: write it before the first run");
      };
      const run = async (tensors: readonly Tensor[]): Promise<readonly Tensor[]> => {
        needState();
        return thread.ask({ kind: "run", session, feeds: tensors }, buffersOf(tensors.map(({ data }) => data)));
      };
      const fetched = (tensors: readonly Tensor[]) => fillTree(traced.outputs.fetches, tensors);
      const prepare = (given: readonly Tensors<typeof traced.inputs.feeds>[]) => {
        const each = given.map((one) => inOrder(feeds, one));
        const numbers = tensor(
          BigInt64Array.from(each, (_, i) => BigInt(i)),
          [each.length],
        );
        const stacked = [numbers, ...feeds.map((_, at) => stack(each.map((tensors) => tensors[at]!)))];
        return async () => {
          const split = (await run(stacked)).map(unstack);
          return each.map((_, step) => fetched(split.map((steps) => steps[step]!)));
        };
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
          return fillTree(traced.inputs.state, plain);
        },
        run: async (given) => (stride > 1 ? (await prepare([given])())[0]! : fetched(await run(inOrder(feeds, given)))),
        ...(stride > 1 && { several: { stride, prepare } }),
        release: () => release(session),
      };
    },
    load: async (model, input, output) => {
      const session = count++;
      const spec = { model, inputs: [input], outputs: [output], fed: {}, state: 0, provider, optimise: true, threads };
      await thread.ask({ kind: "create", session, spec });
      return {
        run: async (given) => (await thread.ask({ kind: "run", session, feeds: [given] }))[0]!,
        release: () => release(session),
      };
    },
    close: () => thread.close(),
  };
};
