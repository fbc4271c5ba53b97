// Messages between the main thread and the session thread.
import type { Tensor } from "../autodiff/types.ts";

/** A request to the thread that owns the sessions. Tensors travel without copying. */
export type Request =
  | { readonly kind: "create"; readonly session: number; readonly spec: SessionSpec }
  | { readonly kind: "run"; readonly session: number; readonly feeds: readonly Tensor[] }
  | { readonly kind: "read"; readonly session: number }
  | { readonly kind: "write"; readonly session: number; readonly state: readonly Tensor[] }
  | { readonly kind: "release"; readonly session: number };

export interface SessionSpec {
  readonly model: Uint8Array;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Values of inputs that are the same in every run. */
  readonly fed: Readonly<Record<string, Tensor>>;
  /** The first `state` outputs become the first `state` inputs of the next run and never leave the thread. */
  readonly state: number;
  /** A model that copies the state to the host, where a device keeps it in GPU buffers. */
  readonly reader?: Uint8Array | undefined;
  readonly provider: Provider;
  /** Lets ONNX Runtime rewrite the model. A blocked one is as it should be, and folding its weights costs memory. */
  readonly optimise: boolean;
  readonly threads: number;
}

/** ONNX Runtime's names of its execution providers. */
export type Provider = "cpu" | "webgpu" | "cuda" | "wasm";

export interface Message {
  readonly id: number;
  readonly request: Request;
}

export type Reply =
  | { readonly id: number; readonly tensors: readonly Tensor[] }
  | { readonly id: number; readonly failure: string };

/** The buffers of some arrays, each once, to be handed over with a message. Shared memory needs no handing over. */
export const buffersOf = (arrays: readonly ArrayBufferView[]): ArrayBuffer[] =>
  [...new Set(arrays.map(({ buffer }) => buffer))].filter((buffer) => buffer instanceof ArrayBuffer);
