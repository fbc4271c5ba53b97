// Workers as they show themselves to others.
import { z } from "zod";
import type { Link } from "./redis.ts";
import { prefix } from "./runs.ts";

const workerSchema = z.object({
  name: z.string(),
  /** Jobs that it does at once, and bytes that they may take together. */
  slots: z.int(),
  memory: z.number(),
  /** The run that it serves; absent while it looks for one. */
  run: z.exactOptional(z.string()),
  running: z.array(z.string()),
  done: z.int(),
  /** Runs and jobs that it cannot do, with the reason, by run. */
  refuses: z.record(z.string(), z.array(z.string())),
});

export type SeenWorker = z.infer<typeof workerSchema>;

const listKey = `${prefix}:workers`;
const keyOf = (name: string): string => `${prefix}:worker:${name}`;

/** Seconds after which a worker that says nothing is gone. */
const silence = 10;
const between = 2_000;

/** A worker that shows itself. */
export interface Shown {
  /** Shows it as it is now, besides every now and then. */
  show(): Promise<void>;
  close(): Promise<void>;
}

/** Shows a worker until it is closed. */
export const showWorker = async (
  { redis }: Link,
  name: string,
  now: () => Omit<SeenWorker, "name">,
): Promise<Shown> => {
  const show = async (): Promise<void> => {
    await redis.sadd(listKey, name);
    await redis.set(keyOf(name), JSON.stringify({ name, ...now() }), "EX", silence);
  };
  await show();
  const timer = setInterval(() => void show().catch(() => undefined), between);
  return {
    show,
    close: async () => {
      clearInterval(timer);
      await redis.del(keyOf(name));
      await redis.srem(listKey, name);
    },
  };
};

/** All workers that show themselves; those that were silent for too long are taken off the list. */
export const seenWorkers = async ({ redis }: Link): Promise<readonly SeenWorker[]> => {
  const names = await redis.smembers(listKey);
  if (names.length === 0) return [];
  const texts = await redis.mget(...names.map(keyOf));
  const gone = names.filter((_, i) => texts[i] === null);
  if (gone.length > 0) await redis.srem(listKey, ...gone);
  return texts.flatMap((text) => (text ? (workerSchema.safeParse(JSON.parse(text)).data ?? []) : []));
};
