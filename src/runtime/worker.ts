// The session thread: ONNX Runtime, whose runs block nothing else.
import { parentPort } from "node:worker_threads";
import { env, InferenceSession, Tensor } from "onnxruntime-node";
import { buffersOf, type Message, type Reply } from "./protocol.ts";
import { answering } from "./sessions.ts";

// What fails is thrown as well, and a device that is merely looked for (auto) is no failure.
env.logLevel = "fatal";

const port = parentPort;
if (port === null) throw new Error("runtime/worker.ts runs as a worker thread only");

const answer = answering({ InferenceSession, Tensor });
port.on("message", async ({ id, request }: Message) => {
  try {
    const tensors = await answer(request);
    port.postMessage({ id, tensors } satisfies Reply, buffersOf(tensors.map(({ data }) => data)));
  } catch (error) {
    port.postMessage({ id, failure: error instanceof Error ? error.message : String(error) } satisfies Reply);
  }
});
