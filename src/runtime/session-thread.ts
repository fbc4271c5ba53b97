// The main thread's end of the session thread.
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { Worker } from "node:worker_threads";
import type { Tensor } from "../autodiff/types.ts";
import { DistilleryError } from "../support/errors.ts";
import type { Reply, Request } from "./protocol.ts";
import { switchOffTelemetry } from "./telemetry.ts";

/** The main thread's end of the session thread: one promise a request. */
export interface SessionThread {
  ask(request: Request, transfer?: readonly ArrayBuffer[]): Promise<readonly Tensor[]>;
  close(): Promise<void>;
}

/** Run from source, the thread registers the loader of TypeScript first; the built package needs none. */
const startWorker = (): Worker => {
  if (import.meta.url.endsWith(".js")) return new Worker(new URL("./worker.js", import.meta.url));
  const loader = new URL(
    "dist/esm/api/index.mjs",
    pathToFileURL(createRequire(import.meta.url).resolve("tsx/package.json")),
  ).href;
  const file = new URL("./worker.ts", import.meta.url).href;
  const bootstrap = `import("${loader}").then(({ register }) => { register(); return import("${file}"); })`;
  return new Worker(bootstrap, { eval: true });
};

export const openSessionThread = (): SessionThread => {
  switchOffTelemetry();
  const worker = startWorker();
  worker.unref();
  const waiting = new Map<number, { resolve: (tensors: readonly Tensor[]) => void; reject: (error: Error) => void }>();
  const pending = new Set<Promise<readonly Tensor[]>>();
  let next = 0;
  worker.on("message", (reply: Reply) => {
    const call = waiting.get(reply.id);
    waiting.delete(reply.id);
    if (waiting.size === 0) worker.unref();
    if ("failure" in reply) call?.reject(new Error(reply.failure));
    else call?.resolve(reply.tensors);
  });
  const fail = (error: Error): void => {
    for (const call of waiting.values()) call.reject(error);
    waiting.clear();
  };
  worker.on("error", fail);
  worker.on("exit", (code) => {
    fail(
      new DistilleryError("DEVICE", `the compute thread ended unexpectedly (exit ${code}); memory may have run out`),
    );
  });
  let closed: Promise<void> | undefined;
  const shutDown = async (): Promise<void> => {
    // Ending the thread inside a native run would abort the whole process.
    await Promise.allSettled(pending);
    worker.removeAllListeners("exit");
    await worker.terminate();
  };
  return {
    ask: (request, transfer = []) => {
      if (closed !== undefined)
        return Promise.reject(new DistilleryError("DEVICE", "the device is closed; open it again"));
      const answer = new Promise<readonly Tensor[]>((resolve, reject) => {
        const id = next++;
        waiting.set(id, { resolve, reject });
        worker.ref();
        worker.postMessage({ id, request }, transfer);
      });
      pending.add(answer);
      const settled = (): void => void pending.delete(answer);
      answer.then(settled, settled);
      return answer;
    },
    close: () => {
      closed ??= shutDown();
      return closed;
    },
  };
};
