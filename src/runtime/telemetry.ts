// Switching off ONNX Runtime's reports to its maker.
import { isMainThread } from "node:worker_threads";
import { DistilleryError } from "../support/errors.ts";

/**
 * Keeps ONNX Runtime from reporting to its maker. Since version 1.29 the library looks up an event server, keeps a device id
 * and an event store in the user's cache folder and leaves a log in the temporary folder, unless this variable is set in the
 * environment of the process before its first session (microsoft/onnxruntime#27379). Only the main thread's `process.env` is
 * that environment; a worker thread has a copy, which native code does not see.
 * @throws DEVICE in a worker thread of a process whose environment lacks the variable: nothing is loaded then.
 */
export const switchOffTelemetry = (env: NodeJS.ProcessEnv = process.env, mainThread: boolean = isMainThread): void => {
  if (mainThread) env.ORT_DISABLE_TELEMETRY = "1";
  else if (env.ORT_DISABLE_TELEMETRY !== "1") {
    throw new DistilleryError(
      "DEVICE",
      "ONNX Runtime would report this run to its maker, and a worker thread cannot switch that off: " +
        "set ORT_DISABLE_TELEMETRY=1 in the main thread before it starts the worker, or in the environment",
    );
  }
};
