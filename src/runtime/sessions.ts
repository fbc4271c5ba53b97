// Sessions of ONNX Runtime by requests, alike of its package for Node and of that for browsers.
import type * as Ort from "onnxruntime-node";
import { sizeOf, type Tensor, tensor } from "../autodiff/types.ts";
import type { Provider, Request, SessionSpec } from "./protocol.ts";

interface Session {
  readonly spec: SessionSpec;
  readonly session: Ort.InferenceSession;
  readonly fed: Readonly<Record<string, Ort.Tensor>>;
  state: Ort.Tensor[];
  /** Memory for the next state: fresh memory for every step would cost more than its arithmetic. */
  spare: Ort.Tensor[];
  /** Runs `spec.reader`; made when a state is first asked for. */
  reader: Ort.InferenceSession | undefined;
}

/** The part of a package of ONNX Runtime that is used. */
type Package = Pick<typeof Ort, "InferenceSession" | "Tensor">;

const fromOrt = ({ type, data, dims }: Ort.Tensor): Tensor => {
  if (data instanceof Float32Array || data instanceof BigInt64Array) return tensor(data.slice(), dims);
  throw new TypeError(`a result is of type ${type}`);
};

/** Tensors of which no two lie in one buffer: every one of them will be written to. */
const apart = (tensors: readonly Tensor[]): Tensor[] => {
  const seen = new Set<ArrayBufferLike>();
  return tensors.map((t) => {
    const alone = !seen.has(t.data.buffer);
    seen.add(t.data.buffer);
    return alone ? t : { ...t, data: t.data.slice() };
  });
};

const overwrite = ({ type, data }: Ort.Tensor, by: Tensor): void => {
  if (data instanceof Float32Array && by.data instanceof Float32Array) data.set(by.data);
  else if (data instanceof BigInt64Array && by.data instanceof BigInt64Array) data.set(by.data);
  else throw new TypeError(`a state of type ${type} cannot become ${by.dtype}`);
};

/** Frees what lies in GPU buffers, which no collector sees. */
const dispose = (tensors: readonly Ort.Tensor[]): void => {
  for (const t of tensors) if (t.location === "gpu-buffer") t.dispose();
};

/** Tensors by name; where there is none, ONNX Runtime makes it. */
const named = <T extends Ort.Tensor | null>(names: readonly string[], tensorAt: (i: number) => T): Record<string, T> =>
  Object.fromEntries(names.map((name, i) => [name, tensorAt(i)]));

/**
 * ONNX Runtime's options of each provider. Its convolutions with channels last are wrong on WebGPU where the input's
 * channels are divisible by 3 and not by 4, and the result's by 4. Shapes never change, so a buffer serves again at its
 * exact size, and what a run binds need not be checked in every run.
 */
const executionProvider: Readonly<Record<Provider, Ort.InferenceSession.ExecutionProviderConfig>> = {
  cpu: "cpu",
  cuda: "cuda",
  wasm: "wasm",
  webgpu: { name: "webgpu", preferredLayout: "NCHW", storageBufferCacheMode: "simple", validationMode: "wgpuOnly" },
};

/** Does requests, one after the other: sessions share the cores. */
export const answering = (ort: Package): ((request: Request) => Promise<Tensor[]>) => {
  const sessions = new Map<number, Session>();

  const toOrt = ({ dtype, shape, data }: Tensor): Ort.Tensor =>
    data instanceof Float32Array ? new ort.Tensor("float32", data, shape) : new ort.Tensor(dtype, data, shape);

  const emptyLike = ({ dtype, shape }: Tensor): Ort.Tensor => {
    const size = sizeOf(shape);
    return dtype === "int64"
      ? new ort.Tensor(dtype, new BigInt64Array(size), shape)
      : new ort.Tensor(dtype, new Float32Array(size), shape);
  };

  /** A session whose results come to the host, but for those that stay in GPU buffers. */
  const open = (model: Uint8Array, spec: SessionSpec, inBuffers: readonly string[]): Promise<Ort.InferenceSession> =>
    ort.InferenceSession.create(model, {
      executionProviders: [executionProvider[spec.provider]],
      ...(inBuffers.length > 0 && {
        preferredOutputLocation: Object.fromEntries(inBuffers.map((name) => [name, "gpu-buffer"])),
      }),
      intraOpNumThreads: spec.threads,
      graphOptimizationLevel: spec.optimise ? "all" : "disabled",
      // Saves 130-250 MB for training graphs and costs no time.
      enableMemPattern: false,
      logSeverityLevel: 3,
    });

  const create = async (spec: SessionSpec): Promise<Session> => {
    const session = await open(spec.model, spec, spec.reader ? spec.outputs.slice(0, spec.state) : []);
    const fed = Object.fromEntries(Object.entries(spec.fed).map(([name, t]) => [name, toOrt(t)]));
    // The file has served: a session may live for hours.
    return {
      spec: { ...spec, model: new Uint8Array(), fed: {} },
      session,
      fed,
      state: [],
      spare: [],
      reader: undefined,
    };
  };

  const run = async (s: Session, feeds: readonly Tensor[]): Promise<Tensor[]> => {
    const { inputs, outputs, state } = s.spec;
    const values = [...s.state, ...feeds.map(toOrt)];
    const given = { ...s.fed, ...named(inputs, (i) => values[i]!) };
    const results = await s.session.run(
      given,
      named(outputs, (i) => s.spare[i] ?? null),
    );
    const ordered = outputs.map((name) => results[name]!);
    if (s.spare.length > 0) s.spare = s.state;
    dispose(s.state);
    s.state = ordered.slice(0, state);
    return ordered.slice(state).map(fromOrt);
  };

  const read = async (s: Session): Promise<Tensor[]> => {
    const { reader, inputs, outputs, state } = s.spec;
    if (reader === undefined) return s.state.map(fromOrt);
    // `getData` of a tensor on the GPU ends the process in onnxruntime-node 1.30.
    s.reader ??= await open(reader, s.spec, []);
    const results = await s.reader.run(named(inputs.slice(0, state), (i) => s.state[i]!));
    return outputs.slice(0, state).map((name) => fromOrt(results[name]!));
  };

  const handle = async (request: Request): Promise<Tensor[]> => {
    if (request.kind === "create") {
      sessions.set(request.session, await create(request.spec));
      return [];
    }
    const session = sessions.get(request.session);
    if (session === undefined) throw new Error(`no session ${request.session}`);
    switch (request.kind) {
      case "run":
        return run(session, request.feeds);
      case "read":
        return read(session);
      case "write":
        // Hundreds of short trainings by one session do not each leave a state for the collector.
        if (session.spare.length > 0) {
          for (const [i, t] of request.state.entries()) overwrite(session.state[i]!, t);
          return [];
        }
        dispose(session.state);
        session.state = apart(request.state).map(toOrt);
        // On other devices the new state is not in this memory.
        session.spare = session.spec.provider === "cpu" ? request.state.map(emptyLike) : [];
        return [];
      case "release":
        sessions.delete(request.session);
        dispose(session.state);
        await session.reader?.release();
        await session.session.release();
        return [];
    }
  };

  let queue: Promise<unknown> = Promise.resolve();
  return (request) => {
    const answer = queue.then(() => handle(request));
    queue = answer.catch(() => undefined);
    return answer;
  };
};
