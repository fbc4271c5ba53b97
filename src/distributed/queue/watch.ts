// The standing of a run on its coordinator's terminal.
import type { Progress } from "../../support/work/progress.ts";
import { repeatedly } from "../sleep.ts";
import type { Link } from "./redis.ts";
import { standing } from "./standing.ts";

const every = 2_000;

/** Milliseconds over which jobs a minute are counted. */
const window = 60_000;

/** Shows workers, jobs and their rate until it is closed, and says who joined, who was lost and who refuses what. */
export const watchRun = (link: Link, id: string, progress: Progress) => {
  const task = progress.task("queue: jobs", 0);
  const began = performance.now();
  let ends: number[] = [];
  let done = 0;
  let known = new Set<string>();
  const told = new Set<string>();
  const look = async (): Promise<void> => {
    const { workers, refusals, waiting, running } = await standing(link, id);
    const now = performance.now();
    const names = new Set(workers.map(({ name }) => name));
    for (const { name, slots } of workers) {
      if (!known.has(name)) progress.note(`worker ${name} is here, ${slots} at a time`);
    }
    for (const name of known) if (!names.has(name)) progress.note(`worker ${name} is gone; others go on with its jobs`);
    known = names;
    for (const line of refusals) if (!told.has(line)) progress.note(line);
    for (const line of refusals) told.add(line);
    ends = ends.filter((end) => now - end < window);
    const rate = (ends.length * 60_000) / Math.min(window, Math.max(1, now - began));
    const left = rate > 0 ? { "minutes left": Math.ceil((waiting + running) / rate) } : {};
    const perMinute = { "a minute": Math.round(rate) };
    task.update(done, { workers: names.size, waiting, running, done, ...perMinute, ...left });
  };
  const end = repeatedly(look, every);
  return {
    completed: (): void => {
      done++;
      ends.push(performance.now());
    },
    close: (): void => {
      void end();
      task.done();
    },
  };
};
