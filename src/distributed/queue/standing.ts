// The standing of a run: its workers and the jobs of its queue.
import { type SeenWorker, seenWorkers } from "./presence.ts";
import type { Link } from "./redis.ts";
import { type Counts, countsOf } from "./runs.ts";

export interface Standing extends Counts {
  /** Workers that serve the run. */
  readonly workers: readonly SeenWorker[];
  /** Lines of workers that cannot serve it, or some of its jobs. */
  readonly refusals: readonly string[];
}

/** Reads how a run stands, changing nothing. */
export const standing = async (link: Link, id: string): Promise<Standing> => {
  const [counts, workers] = await Promise.all([countsOf(link, id), seenWorkers(link)]);
  return {
    ...counts,
    workers: workers.filter(({ run }) => run === id),
    refusals: workers.flatMap(({ name, refuses }) => (refuses[id] ?? []).map((line) => `worker ${name}: ${line}`)),
  };
};
