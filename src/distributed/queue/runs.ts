// Open runs and their records in Redis.
import { Queue } from "bullmq";
import { z } from "zod";
import { keyOf } from "../../support/key.ts";
import type { QueuedJob } from "./job.ts";
import type { Link } from "./redis.ts";

/** The first part of all names in Redis. */
export const prefix = "distillery";

const runsKey = `${prefix}:runs`;

const recordSchema = z.object({
  id: z.string(),
  version: z.string(),
  command: z.string(),
  /** The recipe as it was given; every process settles it by itself. */
  recipe: z.unknown(),
  /** Digest of the recipe as it was settled, and of the data. */
  ground: z.string(),
  fingerprint: z.string(),
  store: z.object({ id: z.string(), address: z.string() }),
  /** Threads of a job. */
  threads: z.int().min(1),
  /** Options of the command besides the recipe. */
  given: z.object({
    set: z.exactOptional(z.string()),
    archive: z.exactOptional(z.string()),
    maxPixels: z.exactOptional(z.int()),
  }),
  /** Milliseconds by Redis's clock. */
  put: z.number(),
  by: z.string(),
});

/** Everything that a worker must know of a run: the jobs come by the queue of its name. */
export type RunRecord = z.infer<typeof recordSchema>;

/** The name of a run: the same of the same command, given again. */
export const runIdOf = ({ version, command, ground, store, threads }: Omit<RunRecord, "id" | "put" | "by">): string =>
  keyOf({ version, command, ground, store: store.id, threads }).slice(0, 16);

/** Milliseconds by Redis's clock, the one that all processes share. */
export const timeOf = async ({ redis }: Link): Promise<number> => {
  const [seconds, micros] = await redis.time();
  return Number(seconds) * 1000 + Math.floor(Number(micros) / 1000);
};

/** Puts a run among the open ones, where it is not. */
export const putRun = ({ redis }: Link, record: RunRecord): Promise<number> =>
  redis.hsetnx(runsKey, record.id, JSON.stringify(record));

/** Open runs, the oldest first. */
export const openRuns = async ({ redis }: Link): Promise<readonly RunRecord[]> => {
  const found = Object.values(await redis.hgetall(runsKey));
  return found
    .flatMap((text) => recordSchema.safeParse(JSON.parse(text)).data ?? [])
    .sort((a, b) => a.put - b.put || (a.id < b.id ? -1 : 1));
};

export const isOpen = async ({ redis }: Link, id: string): Promise<boolean> => (await redis.hexists(runsKey, id)) === 1;

export const queueOf = (link: Link, id: string): Queue<QueuedJob> => {
  const queue = new Queue<QueuedJob>(id, { connection: link.redis, prefix });
  // Connections tell of themselves.
  queue.on("error", () => undefined);
  return queue;
};

/** Seconds after which a coordinator that says nothing is gone. */
const silence = 15;
const beatKey = (id: string): string => `${prefix}:${id}:coordinator`;

/** Says that a run's coordinator lives. */
export const beat = ({ redis }: Link, id: string): Promise<unknown> => redis.set(beatKey(id), "", "EX", silence);

/** Jobs of a run by their state, and its coordinator's life. */
export interface Counts {
  readonly waiting: number;
  readonly running: number;
  readonly failed: number;
  readonly coordinated: boolean;
}

export const countsOf = async ({ redis }: Link, id: string): Promise<Counts> => {
  const key = (name: string): string => `${prefix}:${id}:${name}`;
  const [waiting, running, failed, alive] = await Promise.all([
    redis.llen(key("wait")),
    redis.llen(key("active")),
    redis.zcard(key("failed")),
    redis.exists(beatKey(id)),
  ]);
  return { waiting, running, failed, coordinated: alive === 1 };
};

/** Removes everything of a run but its record, such as a worker has put there after its end. */
export const sweepRun = async (link: Link, id: string): Promise<void> => {
  const queue = queueOf(link, id);
  await queue.obliterate({ force: true }).catch(() => undefined);
  await queue.close();
  // Keys that BullMQ's own removal may leave, of no use without the jobs.
  await link.redis.del(
    ...["meta", "events", "marker", "stalled-check", "stalled", "id"].map((n) => `${prefix}:${id}:${n}`),
  );
};

/** Takes a run off, with its jobs: workers stop those that they are at. */
export const removeRun = async (link: Link, id: string): Promise<void> => {
  await link.redis.hdel(runsKey, id);
  await link.redis.del(beatKey(id));
  await sweepRun(link, id);
};
