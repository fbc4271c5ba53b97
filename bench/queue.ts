// Overhead of jobs on a queue: tiny jobs through a real Redis, which must run at the address given.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openStore } from "../src/distributed/artefacts/open-store.ts";
import { coordinate } from "../src/distributed/queue/coordinator.ts";
import { connect } from "../src/distributed/queue/redis.ts";
import { work } from "../src/distributed/queue/work.ts";
import { silent } from "../src/support/work/progress.ts";
import { fakeCommands, recipeOf } from "../test/distributed/queue/fake-command.ts";
import { options } from "../test/distributed/queue/worker-options.ts";

const [url = "redis://127.0.0.1:6379", count = "1000", slots = "1"] = process.argv.slice(2);
const folder = await mkdtemp(join(tmpdir(), "distillery-bench-"));
const link = await connect(url, console.error);
const stop = new AbortController();
const recipe = (data: string, jobs: number) => recipeOf({ data, jobs, log: join(folder, "log") });
const context = { progress: silent, threads: 1, signal: stop.signal };

/** Seconds of the command in this process. */
const alone = async (jobs: number): Promise<number> => {
  const began = performance.now();
  await fakeCommands.run(recipe("alone", jobs), { ...context, jobs: Number(slots), out: join(folder, "alone") });
  return (performance.now() - began) / 1000;
};

/** The same on the queue. */
const queued = async (name: string, jobs: number): Promise<number> => {
  const out = join(folder, name);
  const told = { command: "run", recipe: recipe(name, jobs), threads: 1, given: {}, out };
  const { executor, close } = coordinate(link, await openStore(join(folder, "artefacts")), told, context);
  const began = performance.now();
  await fakeCommands.run(recipe(name, jobs), { ...context, out, executor });
  const seconds = (performance.now() - began) / 1000;
  await close();
  return seconds;
};

const jobs = Number(count) / 2;
const working = work(link, { ...options, lock: 30, jobs: Number(slots) }, context).catch(() => undefined);
const few = await queued("few", 1);
const [many, own] = [await queued("many", jobs), await alone(jobs)];
stop.abort();
await working;
link.close();
await rm(folder, { recursive: true, force: true });
const each = (seconds: number): string => `${((1000 * seconds) / Number(count)).toFixed(2)} ms a job`;
console.log(
  `${count} jobs, ${slots} at a time: ${many.toFixed(2)} s on the queue, ${each(many - few)} besides start-up`,
);
console.log(`in one process ${own.toFixed(2)} s, ${each(own)}; start-up of a run ${few.toFixed(2)} s`);
