import { type ChildProcess, spawn } from "node:child_process";
import { inject } from "vitest";
import type { WorkerOptions } from "../../../src/distributed/queue/work.ts";
import { programsIn } from "../../programs/build.ts";

/** Starts a worker of the fake command in a process of its own, and collects what it says. */
export const startWorkerProcess = (
  url: string,
  over: Partial<WorkerOptions>,
): { readonly child: ChildProcess; readonly stderr: () => string } => {
  const { worker } = programsIn(inject("programs"));
  const child = spawn(process.execPath, [worker, url, JSON.stringify(over)], { stdio: ["ignore", "ignore", "pipe"] });
  let stderr = "";
  child.stderr.on("data", (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  return { child, stderr: () => stderr };
};
