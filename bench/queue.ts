// Overhead of jobs on a queue: tiny jobs through a real Redis, and what each costs whom.
//
//   npx tsx bench/queue.ts redis://127.0.0.1:6379 10000 2 > results/many-machines/overhead.json
//
// jobs, and workers of one job at a time, in processes of their own. Nothing else may use that Redis meanwhile.
import { mkdtemp, rm } from "node:fs/promises";
import { availableParallelism, cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { openStore } from "../src/distributed/artefacts/open-store.ts";
import { coordinate } from "../src/distributed/queue/coordinator.ts";
import { seenWorkers } from "../src/distributed/queue/presence.ts";
import { connect } from "../src/distributed/queue/redis.ts";
import { silent } from "../src/support/work/progress.ts";
import { fakeCommands, recipeOf } from "../test/distributed/queue/fake-command.ts";
import { startWorkerProcess } from "../test/distributed/queue/worker-process.ts";

const [url = "redis://127.0.0.1:6379", count = "1000", workers = "2"] = process.argv.slice(2);
const jobs = Number(count);
const folder = await mkdtemp(join(tmpdir(), "distillery-bench-"));
const link = await connect(url, (line) => process.stderr.write(`${line}\n`));
const recipe = (data: string, each: number) => recipeOf({ data, jobs: each, log: join(folder, "log") });
const context = { progress: silent, threads: 1, signal: new AbortController().signal };

const seconds = async (work: () => Promise<unknown>): Promise<number> => {
  const began = performance.now();
  await work();
  return (performance.now() - began) / 1000;
};

/** Seconds of the command in this process. */
const alone = (): Promise<number> =>
  seconds(() => fakeCommands.run(recipe("alone", jobs / 2), { ...context, jobs: 1, out: join(folder, "alone") }));

/** The same on the queue: seconds, and those of this process, and of Redis, at work. */
const queued = async (name: string, each: number) => {
  const out = join(folder, name);
  const told = { command: "run" as const, recipe: recipe(name, each), threads: 1, given: {}, out };
  const { executor, close } = coordinate(link, await openStore(join(folder, "artefacts")), told, context);
  const [before, redisBefore] = [process.cpuUsage(), await redisSeconds()];
  const took = await seconds(() => fakeCommands.run(recipe(name, each), { ...context, out, executor }));
  const { user, system } = process.cpuUsage(before);
  const redis = (await redisSeconds()) - redisBefore;
  await close();
  return { took, coordinator: (user + system) / 1e6, redis };
};

const redisSeconds = async (): Promise<number> => {
  const info = await link.redis.info("cpu");
  const of = (name: string): number => Number(new RegExp(`${name}:([\\d.]+)`).exec(info)?.[1]);
  return of("used_cpu_user") + of("used_cpu_sys");
};

const running = Array.from({ length: Number(workers) }, () => startWorkerProcess(url, { lock: 30 }));
while ((await seenWorkers(link)).length < running.length) await new Promise((resolve) => setTimeout(resolve, 100));
// Processes are started and programs compiled before it counts.
await queued("warm", 20);
const few = await queued("few", 1);
const many = await queued("many", jobs / 2);
for (const { child } of running) child.kill("SIGTERM");
const own = await alone();
const version = /redis_version:(\S+)/.exec(await link.redis.info("server"))?.[1];
link.close();
await rm(folder, { recursive: true, force: true });

const each = (all: number): number => Number((all / jobs).toPrecision(3));
/** Seconds of a worker a job, start-up of a run apart. */
const worker = (many.took - few.took) * running.length;
const result = {
  jobs,
  workers: running.length,
  seconds: { queued: many.took, startUp: few.took, oneProcess: own },
  /** Seconds of a worker a job, and of one process. */
  job: { queued: each(worker), oneProcess: each(own) },
  costs: {
    redis: each(many.redis - few.redis),
    coordinator: each(many.coordinator - few.coordinator),
    worker: each(worker - own),
  },
  hardware: { cpu: cpus()[0]?.model, cores: availableParallelism(), node: process.version, redis: version },
};
process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
