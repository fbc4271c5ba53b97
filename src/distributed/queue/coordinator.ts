// The executor of a command that puts its jobs on a queue and waits for their results.
import { AsyncLocalStorage } from "node:async_hooks";
import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import { relative } from "node:path";
import type { Queue } from "bullmq";
import { DistilleryError } from "../../support/errors.ts";
import { plural } from "../../support/format.ts";
import { version } from "../../support/version.ts";
import type { Context } from "../../support/work/context.ts";
import type { Executor, Ground, KeptJob, Offer } from "../../support/work/executor.ts";
import { together } from "../../support/work/executor.ts";
import { storeId } from "../artefacts/open-store.ts";
import type { ArtefactStore } from "../artefacts/store.ts";
import { groundOf } from "../ground.ts";
import { repeatedly, sleep } from "../sleep.ts";
import { exchange, fetchResults } from "../transfer.ts";
import { listen } from "./events.ts";
import { mostTries, type QueuedJob, queueIdOf } from "./job.ts";
import type { Link } from "./redis.ts";
import { beat, prefix, putRun, queueOf, type RunRecord, removeRun, runIdOf, timeOf } from "./runs.ts";
import { watchRun } from "./watch.ts";

/** A command whose jobs others do. */
export interface Coordinated extends Pick<RunRecord, "command" | "recipe" | "threads" | "given"> {
  /** The folder that the command works in. */
  readonly out: string;
}

/** Jobs that failed on every try, each in one line. */
export class FailedJobs extends DistilleryError {
  readonly failures: readonly string[];
  constructor(failures: readonly string[]) {
    const several = `${plural(failures.length, "job")} failed ${mostTries} times each`;
    super("JOB", `${several}; the same command tries again\n${failures.join("\n")}`);
    this.failures = failures;
  }
}

/** Throws what failed of some work that has ended: jobs together, or whatever else is wrong. */
const throwFailures = (results: readonly PromiseSettledResult<unknown>[]): void => {
  const reasons = results.flatMap((result) => (result.status === "rejected" ? [result.reason as unknown] : []));
  if (reasons.length === 0) return;
  const other = reasons.find((reason) => !(reason instanceof FailedJobs));
  if (other !== undefined) throw other;
  throw new FailedJobs([...new Set(reasons.flatMap((reason) => (reason as FailedJobs).failures))]);
};

interface Awaited {
  readonly offer: Offer;
  readonly job: KeptJob;
  readonly data: QueuedJob;
  resolve(): void;
  reject(error: unknown): void;
}

/** Jobs that are put or looked after in one go. */
const slice = 500;

/** Jobs that are looked after in one sweep: of more than these each sweep takes others. */
const mostSwept = 5_000;

/** Milliseconds that a Redis may take to forget a run. */
const patience = 4_000;

/** Milliseconds between two looks for jobs that neither queue nor store know of. */
const sweepEvery = 3_000;

const slices = function* <T>(all: readonly T[]): Generator<readonly T[]> {
  for (let from = 0; from < all.length; from += slice) yield all.slice(from, from + slice);
};

const put = async (queue: Queue<QueuedJob>, jobs: readonly QueuedJob[]): Promise<void> => {
  for (const some of slices(jobs)) {
    await queue.addBulk(
      some.map((data) => ({
        name: data.kind,
        data,
        // Tries are counted in `data`: to the queue they have no end.
        opts: { jobId: queueIdOf(data), attempts: 1e9, removeOnComplete: true, stackTraceLimit: 1 },
      })),
    );
  }
};

/** Fetches results as they are announced, many at a time, and tells those who wait for them. */
const collector = (
  store: ArtefactStore,
  awaited: ReadonlyMap<string, readonly Awaited[]>,
  again: (lost: readonly QueuedJob[]) => Promise<void>,
) => {
  const arrived = new Set<string>();
  let busy = false;
  const collect = async (): Promise<void> => {
    while (arrived.size > 0) {
      const some = [...arrived].flatMap((id) => awaited.get(id) ?? []);
      arrived.clear();
      for (const offer of new Set(some.map((one) => one.offer))) {
        const own = some.filter((one) => one.offer === offer);
        const absent = new Set(await fetchResults(store, offer, new Set(own.map(({ job }) => job))));
        for (const one of own) if (!absent.has(one.job)) one.resolve();
        await again(own.filter((one) => absent.has(one.job)).map(({ data }) => data));
      }
    }
  };
  return (ids: readonly string[]): void => {
    for (const id of ids) arrived.add(id);
    if (busy) return;
    busy = true;
    void collect()
      .catch((error: unknown) => {
        for (const some of awaited.values()) for (const one of some) one.reject(error);
      })
      .finally(() => {
        busy = false;
      });
  };
};

/** The jobs that a command waits for, on the queue of its run. */
const openAwaiting = async (link: Link, store: ArtefactStore, record: RunRecord, { progress, signal }: Context) => {
  const { id } = record;
  const awaited = new Map<string, Awaited[]>();
  const queue = queueOf(link, id);
  // Jobs that an earlier process gave up are tried afresh.
  await queue.clean(0, 0, "failed");
  const again = (lost: readonly QueuedJob[]): Promise<void> => put(queue, lost);
  const collect = collector(store, awaited, again);
  const fail = (job: string, reason: string): void => {
    for (const { data, reject } of [...(awaited.get(job) ?? [])]) {
      reject(new FailedJobs([`${data.kind} ${data.name}: ${reason}`]));
    }
  };
  const hold = async (): Promise<void> => {
    await putRun(link, record);
    await beat(link, id);
  };
  await hold();
  const watching = watchRun(link, id, progress);
  const listening = listen(link, id, {
    completed: (job) => {
      watching.completed();
      collect([job]);
    },
    failed: fail,
    progress: (job, units) => {
      for (const { offer, job: of } of awaited.get(job) ?? []) offer.advance(of, units);
    },
  });
  // Nobody else closes it where this fails, and it would go on for ever.
  listening.catch(watching.close);
  const events = await listening;
  let swept = 0;
  /** Puts again what neither the queue nor the store knows, and hears of what was missed. */
  const sweep = async (): Promise<void> => {
    await hold();
    const all = [...awaited.keys()];
    if (swept >= all.length) swept = 0;
    const some = all.slice(swept, swept + mostSwept);
    swept += some.length;
    for (const ids of slices(some)) {
      const pipeline = link.redis.pipeline();
      for (const job of ids) pipeline.hmget(`${prefix}:${id}:${job}`, "timestamp", "finishedOn", "failedReason");
      const found = (await pipeline.exec()) ?? [];
      const gone = ids.filter((_, i) => (found[i]?.[1] as (string | null)[] | undefined)?.[0] === null);
      collect(gone);
      for (const [i, job] of ids.entries()) {
        const [, finished, reason] = (found[i]?.[1] as (string | null)[] | undefined) ?? [];
        if (finished && reason) fail(job, reason);
      }
    }
  };
  // A Redis that is gone for a while is waited for by each command.
  const endSweeping = repeatedly(sweep, sweepEvery);
  const interrupt = (): void => {
    const error = new DistilleryError("INTERRUPTED", "queue: stopped waiting; run the same command again to go on");
    for (const some of awaited.values()) for (const one of [...some]) one.reject(error);
  };
  signal?.addEventListener("abort", interrupt, { once: true });

  const wait = (offer: Offer, job: KeptJob, data: QueuedJob): Promise<void> => {
    const name = queueIdOf(job);
    return new Promise<void>((resolve, reject) => {
      const one = { offer, job, data, resolve, reject };
      awaited.set(name, [...(awaited.get(name) ?? []), one]);
    }).finally(() => {
      const left = (awaited.get(name) ?? []).filter((one) => one.job !== job);
      if (left.length > 0) awaited.set(name, left);
      else awaited.delete(name);
    });
  };
  return {
    wait: async (offer: Offer, jobs: readonly KeptJob[], of: (job: KeptJob) => QueuedJob): Promise<void> => {
      const all = jobs.map((job) => ({ job, data: of(job) }));
      const waits = Promise.allSettled(
        all.map(({ job, data }) => wait(offer, job, data).then(() => offer.advance(job, job.cost))),
      );
      if (signal?.aborted) interrupt();
      await put(
        queue,
        all.map(({ data }) => data),
      );
      throwFailures(await waits);
    },
    close: async (): Promise<void> => {
      const sweeping = endSweeping();
      signal?.removeEventListener("abort", interrupt);
      watching.close();
      const ending = (async () => {
        await sweeping;
        await events.close();
        await queue.close();
        await removeRun(link, id);
        return true;
      })();
      const ended = await Promise.race([ending, sleep(patience).then(() => false)]);
      if (!ended)
        progress.note(`run ${id} stays on ${link.address}, which does not answer; the same command takes it up`);
    },
  };
};

/** An executor whose jobs go to the workers of a Redis, and the way to end it: the run is then taken off there. */
export const coordinate = (
  link: Link,
  store: ArtefactStore,
  { out, ...told }: Coordinated,
  context: Context,
): { readonly executor: Executor; close(): Promise<void> } => {
  const piece = new AsyncLocalStorage<string>();
  let opened: ReturnType<typeof openAwaiting> | undefined;
  const begin = async (ground: Ground): Promise<void> => {
    const { fingerprint } = ground;
    const { address } = store;
    const named = {
      ...told,
      version: version(),
      ground: groundOf(ground),
      fingerprint,
      store: { id: await storeId(store), address },
    };
    const by = `${hostname()}:${process.pid}-${randomBytes(2).toString("hex")}`;
    const record = { ...named, id: runIdOf(named), put: await timeOf(link), by };
    context.progress.note(`run ${record.id} is on ${link.address}; \`distillery work\` with its --queue does its jobs`);
    opened = openAwaiting(link, store, record, context);
    await opened;
  };
  return {
    executor: {
      elsewhere: true,
      begin,
      run: async (offer) => {
        // Workers take from the store alone what lies in the folder already.
        const missing = await exchange(store, offer);
        if (missing.length === 0) return;
        if (opened === undefined) throw new Error("jobs were offered before the command's ground was told");
        const bytes = offer.bytes();
        const within = piece.getStore();
        await (await opened).wait(offer, missing, ({ kind, key, name, cost }) => ({
          ...{ kind, key, name, cost, bytes, tries: [] },
          folder: relative(out, offer.folder),
          ...(within !== undefined && { piece: within }),
        }));
      },
      pieces: async (names, one) => {
        const running = names.map((name, index) => piece.run(name, () => one(index)));
        throwFailures(await Promise.allSettled(running));
        return together(running);
      },
    },
    close: async () => {
      const awaiting = await opened?.catch(() => undefined);
      await awaiting?.close();
    },
  };
};
