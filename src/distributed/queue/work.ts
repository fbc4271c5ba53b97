// A worker: serves the runs of a queue, one after the other.
import { randomBytes } from "node:crypto";
import { rm } from "node:fs/promises";
import { availableParallelism, hostname } from "node:os";
import { DistilleryError, reasonOf } from "../../support/errors.ts";
import { temporaryFolder } from "../../support/files.ts";
import { formatBytes, plural } from "../../support/format.ts";
import type { Context } from "../../support/work/context.ts";
import { sleep } from "../sleep.ts";
import { chooseRun, type Refused } from "./choose.ts";
import { type Shown, showWorker } from "./presence.ts";
import type { Link } from "./redis.ts";
import { roomOf } from "./room.ts";
import { isOpen, type RunRecord } from "./runs.ts";
import { type Serving, serveRun } from "./serve-run.ts";

export interface WorkerOptions
  extends Pick<Serving, "data" | "archive" | "artefacts" | "lock" | "secondsBetweenCheckpoints" | "child"> {
  /** Jobs at a time; by default as many as cores allow, each having the run's threads. */
  readonly jobs?: number;
  /** Bytes that jobs may take together. */
  readonly memory: number;
  /** The folder that temporary files are put below. */
  readonly scratch?: string;
  /** True where the worker ends when no run is left that it can serve. */
  readonly untilDone: boolean;
}

/** Milliseconds between two looks for a run. */
const look = 1_000;

/** Works until it is told to stop, or until nothing is left; returns how many jobs it has done. */
export const work = async (
  link: Link,
  { jobs, untilDone, memory, scratch: below, ...options }: WorkerOptions,
  { progress, signal }: Context & { readonly signal: AbortSignal },
): Promise<{ readonly done: number }> => {
  const name = `${hostname()}:${process.pid}-${randomBytes(2).toString("hex")}`;
  const refused: Refused = new Map();
  const refuses = new Map<string, string[]>();
  const running: string[] = [];
  let done = 0;
  let serves: RunRecord | undefined;
  const slots = ({ threads }: Pick<RunRecord, "threads"> = { threads: 1 }): number =>
    jobs ?? Math.max(1, Math.floor(availableParallelism() / threads));
  const says = (id: string, line: string): void => {
    const lines = refuses.get(id) ?? [];
    if (lines.includes(line)) return;
    refuses.set(id, [...lines, line]);
    progress.note(line);
  };
  const refuse = (id: string, why: string): void => {
    refused.set(id, why);
    says(id, why);
  };
  const scratch = await temporaryFolder("distillery-work-", below, "--scratch");
  const serving = (record: RunRecord): Serving => ({
    ...options,
    name,
    scratch,
    slots: slots(record),
    room: roomOf(memory),
    note: progress.note,
    lacks: (line) => says(record.id, line),
    began: (job) => void running.push(`${job.kind} ${job.name}`),
    ended: (job, made) => {
      running.splice(running.indexOf(`${job.kind} ${job.name}`), 1);
      if (made) done++;
    },
  });
  const task = progress.task("waiting for a run", 0);
  let shown: Shown | undefined;
  try {
    shown = await showWorker(link, name, () => ({
      slots: slots(serves),
      memory,
      ...(serves !== undefined && { run: serves.id }),
      running,
      done,
      refuses: Object.fromEntries(refuses),
    }));
    progress.note(`worker ${name} at ${link.address}, with ${formatBytes(memory)} for jobs`);
    while (!signal.aborted) {
      const record = await chooseRun(link, refused, refuse);
      if (record === undefined) {
        if (untilDone) break;
        await sleep(look, signal);
        continue;
      }
      serves = record;
      const atOnce = `${plural(slots(record), "job")} at a time`;
      progress.note(`run ${record.id}: ${record.command}, put by ${record.by}; ${atOnce}`);
      // Others may have come that this one keeps waiting, as nobody waits for it any more.
      const leave = async (): Promise<boolean> => (await chooseRun(link, refused, refuse))?.id !== record.id;
      try {
        await shown.show();
        await serveRun(link, record, serving(record), leave, signal);
      } catch (error) {
        refuse(record.id, `run ${record.id} ${reasonOf(error)}`);
      }
      serves = undefined;
      for (const id of refuses.keys()) if (!(await isOpen(link, id))) refuses.delete(id);
    }
  } finally {
    task.done();
    await rm(scratch, { recursive: true, force: true });
    await shown?.close();
  }
  if (signal.aborted) {
    throw new DistilleryError(
      "INTERRUPTED",
      `worker stopped after ${plural(done, "job")}; those that were under way are back on the queue with their checkpoints`,
    );
  }
  return { done };
};
