// Events of a run's queue.
import { QueueEvents } from "bullmq";
import type { Link } from "./redis.ts";
import { prefix } from "./runs.ts";

export interface Listener {
  completed(job: string): void;
  failed(job: string, reason: string): void;
  /** Hears how many units of a job are done. */
  progress(job: string, units: number): void;
}

/** Listens to all events from now on, those before the connection stands among them. */
export const listen = async (link: Link, id: string, listener: Listener): Promise<{ close(): Promise<void> }> => {
  const last = await link.redis.xrevrange(`${prefix}:${id}:events`, "+", "-", "COUNT", 1);
  const connection = link.connection();
  const events = new QueueEvents(id, { connection, prefix, lastEventId: last[0]?.[0] ?? "0-0" });
  events.on("error", () => undefined);
  events.on("completed", ({ jobId }) => listener.completed(jobId));
  events.on("failed", ({ jobId, failedReason }) => listener.failed(jobId, failedReason));
  events.on("progress", ({ jobId, data }) => {
    if (typeof data === "number") listener.progress(jobId, data);
  });
  await events.waitUntilReady();
  return {
    close: async () => {
      await events.close();
      connection.disconnect();
    },
  };
};
