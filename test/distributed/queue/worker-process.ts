import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { WorkerOptions } from "../../../src/distributed/queue/work.ts";

/** Starts a worker of the fake command in a process of its own, and collects what it says. */
export const startWorkerProcess = (
  url: string,
  over: Partial<WorkerOptions>,
): { readonly child: ChildProcess; readonly stderr: () => string } => {
  const program = fileURLToPath(new URL("./fake-worker.ts", import.meta.url));
  const line = ["--import", import.meta.resolve("tsx"), program, url, JSON.stringify(over)];
  const child = spawn(process.execPath, line, { stdio: ["ignore", "ignore", "pipe"] });
  let stderr = "";
  child.stderr.on("data", (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  return { child, stderr: () => stderr };
};
