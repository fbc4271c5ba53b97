import { type Job, WaitingError } from "bullmq";
import { expect, it } from "vitest";
import { attempt, Back } from "../../../src/distributed/queue/attempt.ts";
import type { QueuedJob } from "../../../src/distributed/queue/job.ts";
import { DistilleryError } from "../../../src/support/errors.ts";

const fresh: QueuedJob = { kind: "student", key: "key", name: "0", cost: 9, folder: "5-students", bytes: 1, tries: [] };

/** A job in Redis, as far as an attempt sees it: held by the worker whose token it is locked with. */
const stored = () => {
  const redis = { data: fresh, lock: "mine", waits: false };
  const job = {
    data: fresh,
    progress: 0,
    extendLock: async (token: string) => (redis.lock === token ? 1 : 0),
    updateData: async (data: QueuedJob) => Object.assign(redis, { data }),
    updateProgress: async () => undefined,
    moveToWait: async (token: string) => Object.assign(redis, { waits: redis.lock === token }),
  };
  return { redis, job: job as unknown as Job<QueuedJob> };
};

const others: QueuedJob = {
  ...fresh,
  tries: [{ worker: "other", at: "2026-01-01T00:00:00Z", message: "no" }],
  begun: { worker: "other", units: 5 },
};

/** Begins a job, and ends it with an error or by a signal after `meanwhile`. */
const attempted = async (
  error: Error,
  aborts: boolean,
  meanwhile: (redis: ReturnType<typeof stored>["redis"]) => void,
) => {
  const { redis, job } = stored();
  const stop = new AbortController();
  const compute = async (): Promise<void> => {
    expect(redis.data.begun).toEqual({ worker: "me", units: 0 });
    meanwhile(redis);
    if (aborts) stop.abort();
    throw error;
  };
  const how = { worker: "me", lock: 1000, signal: stop.signal, compute, pause: async () => undefined };
  const fate = await attempt(job, "mine", how).catch((thrown: unknown) => thrown);
  return { fate, redis };
};

const endings: [string, Error, boolean][] = [
  ["fails", new Error("no"), false],
  ["is stopped", new Error("stopped"), true],
  ["meets a full disk", new DistilleryError("DISK", "the disk is full"), false],
];

it.each(endings)("a worker that %s leaves a job that another has by now as it is", async (_, error, aborts) => {
  const { fate, redis } = await attempted(error, aborts, (now) =>
    Object.assign(now, { data: others, lock: "other's" }),
  );
  expect(fate).toBeInstanceOf(WaitingError);
  expect(redis).toEqual({ data: others, lock: "other's", waits: false });
});

it.each(endings)("a worker that %s says so in a job that it holds", async (how, error, aborts) => {
  const { fate, redis } = await attempted(error, aborts, () => undefined);
  expect(fate).toBeInstanceOf(aborts ? WaitingError : Back);
  expect(redis.waits).toBe(aborts);
  expect(redis.data.begun).toBeUndefined();
  expect(redis.data.tries.map(({ worker, message }) => [worker, message])).toEqual(
    how === "fails" ? [["me", "no"]] : [],
  );
});
