// The device of a browser: ONNX Runtime as WebAssembly, on the thread that asks.
import { env, InferenceSession, Tensor } from "onnxruntime-web/wasm";
import { DistilleryError } from "../support/errors.ts";
import type { Device } from "./on-thread.ts";
import { openChecked } from "./open-checked.ts";
import type { SessionThread } from "./session-thread.ts";
import { answering } from "./sessions.ts";

/** Sessions in place of a thread's; those that are left when it closes are released. */
const sessionsHere = (): SessionThread => {
  const answer = answering({ InferenceSession, Tensor });
  const open = new Set<number>();
  let closed: Promise<void> | undefined;
  return {
    ask: async (request) => {
      if (closed !== undefined) throw new DistilleryError("DEVICE", "the device is closed; open it again");
      if (request.kind === "create") open.add(request.session);
      if (request.kind === "release") open.delete(request.session);
      return answer(request);
    },
    close: () => {
      closed ??= Promise.allSettled([...open].map((session) => answer({ kind: "release", session }))).then(
        () => undefined,
      );
      return closed;
    },
  };
};

/** Opens it and checks it. @throws DEVICE where its files are not found, or where it computes wrongly. */
export const openBrowserDevice = (): Promise<Device> => {
  // Throws what failed as well.
  env.logLevel = "fatal";
  // The number of threads is a page's to choose, by env.wasm.numThreads; that of a session means nothing to it.
  return openChecked("wasm", { threads: 1, lowering: "standard", note: () => undefined }, sessionsHere);
};
