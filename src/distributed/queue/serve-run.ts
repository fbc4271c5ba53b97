// Serving one run: its jobs are taken from the queue and computed in child processes.
import { join } from "node:path";
import { type Job, Worker } from "bullmq";
import type { RecipeCommand } from "../../pipeline/commands.ts";
import type { Recipe } from "../../recipe/recipe.ts";
import { DistilleryError } from "../../support/errors.ts";
import { formatBytes } from "../../support/format.ts";
import { openStore, storeId } from "../artefacts/open-store.ts";
import { forkChild } from "../child/child.ts";
import { type Children, openChildren } from "../child/children.ts";
import type { Order } from "../child/messages.ts";
import { sleep } from "../sleep.ts";
import { type Attempting, attempt, Back } from "./attempt.ts";
import { type QueuedJob, queueIdOf } from "./job.ts";
import type { Link } from "./redis.ts";
import type { Room } from "./room.ts";
import { isOpen, prefix, type RunRecord, sweepRun } from "./runs.ts";

/** A worker's abilities, and what it is told of where things lie on its machine. */
export interface Serving {
  readonly name: string;
  readonly slots: number;
  readonly room: Room;
  /** A folder for the scratch folders of child processes. */
  readonly scratch: string;
  readonly data?: string;
  readonly archive?: string;
  readonly artefacts?: string;
  /** Seconds after which the jobs of a worker that says nothing go to others. */
  readonly lock: number;
  readonly secondsBetweenCheckpoints?: number;
  /** The program of child processes, where it is not the usual one. */
  readonly child?: URL;
  note(line: string): void;
  /** Says, here and to the coordinator, what this worker cannot do. */
  lacks(line: string): void;
  /** Is told of each job that begins and ends. */
  began(job: QueuedJob): void;
  ended(job: QueuedJob, made: boolean): void;
}

/** Milliseconds that a job waits for room before others may have it, and between two looks at the run. */
const patience = 1_000;

/** Milliseconds without work while store or disk fail. */
const pauseFor = 5_000;

/** Child processes of one run. */
const childrenOf = (record: RunRecord, serving: Serving): Children => {
  const { command, recipe, ground, fingerprint, threads, given, store } = record;
  const { data, archive, artefacts, scratch, secondsBetweenCheckpoints, child, note } = serving;
  const orderOf = (number: number): Order => ({
    command: command as RecipeCommand,
    recipe: { ...(recipe as Recipe), ...(data !== undefined && { data }) },
    ...{ ground, fingerprint, threads, ...given },
    ...(archive !== undefined && { archive }),
    store: artefacts ?? store.address,
    scratch: join(scratch, `${record.id}-${number}`),
    ...(secondsBetweenCheckpoints !== undefined && { secondsBetweenCheckpoints }),
  });
  let number = 0;
  return openChildren(() => forkChild(orderOf(number++), note, child));
};

const checkStore = async ({ store }: RunRecord, { artefacts }: Serving): Promise<void> => {
  const where = artefacts ?? store.address;
  const id = await storeId(await openStore(where));
  if (id === store.id) return;
  throw new DistilleryError(
    "QUEUE",
    `refused: its results are kept in ${store.address} (store ${store.id.slice(0, 8)}), and ${where} is another one here (store ${id.slice(0, 8)}); mount the same, or name it by --artefacts`,
  );
};

/**
 * Does jobs of a run until it is closed, until `leave` says that others need this worker more, or until the signal.
 * @throws DistilleryError where this worker cannot serve it; no job was taken then.
 */
export const serveRun = async (
  link: Link,
  record: RunRecord,
  serving: Serving,
  leave: () => Promise<boolean>,
  signal: AbortSignal,
): Promise<void> => {
  const { id } = record;
  const { name, room, slots, lock, note, lacks } = serving;
  await checkStore(record, serving);
  const children = childrenOf(record, serving);
  const stop = new AbortController();
  const stopping = AbortSignal.any([signal, stop.signal]);
  const running = new Map<string, AbortController>();
  const compute =
    (signal: AbortSignal): Attempting["compute"] =>
    async (data, advance) => {
      const child = await children.take();
      try {
        await child.make(data, advance, signal);
      } finally {
        await children.giveBack(child);
      }
    };
  const process = async (job: Job<QueuedJob>, token = ""): Promise<void> => {
    const { data } = job;
    const { kind, bytes } = data;
    if (bytes > room.bytes) {
      lacks(
        `${kind} ${data.name} needs ${formatBytes(bytes)} by estimate, this worker has ${formatBytes(room.bytes)}; --memory sets it`,
      );
      await sleep(patience, stopping);
    }
    const free = bytes > room.bytes ? undefined : await room.take(bytes, patience);
    if (free === undefined) throw new Back("there was no room for it");
    const own = new AbortController();
    const signal = AbortSignal.any([stopping, own.signal]);
    running.set(queueIdOf(data), own);
    serving.began(data);
    let made = false;
    try {
      const pause = async (why: string): Promise<void> => {
        note(`${why}; trying again in ${pauseFor / 1000} s`);
        await sleep(pauseFor, stopping);
      };
      await attempt(job, token, { worker: name, lock: 1000 * lock, signal, compute: compute(signal), pause });
      made = true;
    } finally {
      running.delete(queueIdOf(data));
      free();
      serving.ended(data, made);
    }
  };
  try {
    const first = await children.take();
    const stopFirst = new Promise<void>((resolve) => {
      stopping.addEventListener("abort", () => resolve(), { once: true });
    });
    await Promise.race([first.ready, stopFirst]);
    await children.giveBack(first);
    if (stopping.aborted) return;
    const connection = link.connection();
    const worker = new Worker<QueuedJob>(id, process, {
      connection,
      prefix,
      name,
      concurrency: slots,
      lockDuration: 1000 * lock,
      stalledInterval: 1000 * lock,
      // Tries are counted with the job, by what it got done.
      maxStalledCount: 1e9,
    });
    worker.on("error", () => undefined);
    // Another worker has the job by now, or the run is gone.
    worker.on("lockRenewalFailed", (jobs) => {
      for (const job of jobs) running.get(job)?.abort();
    });
    try {
      while (!signal.aborted && (await isOpen(link, id)) && !(running.size === 0 && (await leave()))) {
        await sleep(patience, signal);
      }
    } finally {
      stop.abort();
      await worker.close();
      connection.disconnect();
    }
    if (!(await isOpen(link, id))) await sweepRun(link, id);
  } finally {
    await children.close();
  }
};
