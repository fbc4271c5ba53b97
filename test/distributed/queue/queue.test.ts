import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { seenWorkers } from "../../../src/distributed/queue/presence.ts";
import { openRuns, putRun, removeRun } from "../../../src/distributed/queue/runs.ts";
import { standing } from "../../../src/distributed/queue/standing.ts";
import { version } from "../../../src/support/version.ts";
import { temporaryFolder } from "../../pipeline/tiny.ts";
import { type RedisServer, startRedis, withoutRedis } from "./redis-server.ts";
import { sleep, startWorker, until, workHere, world } from "./world.ts";

/** Long jobs, whose checkpoints are seen by others before they end. */
const long = { jobs: 1, units: 60, milliseconds: 60 };

/** Units at which the first jobs of both pieces were taken up again. */
const resumedAt = (lines: readonly string[]): number[] =>
  lines.slice(2).flatMap((line) => (/^[ab]0 /.test(line) ? [Number(line.split(" ")[1])] : []));

describe.skipIf(withoutRedis !== undefined)(`a queue on a real Redis (${withoutRedis ?? "found"})`, () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedis();
    return () => server.close();
  });

  it("ends with the bytes of one process, each job done once, and leaves nothing on Redis", async () => {
    const { run, here, left, begun } = await world(server.url, { jobs: 10 });
    const workers = [startWorker(server.url, { jobs: 2 }), startWorker(server.url)];
    const many = await run();
    expect(await begun()).toHaveLength(2 * 11);
    for (const worker of workers) worker.kill("SIGTERM");
    expect(await Promise.all(workers.map(({ ended }) => ended))).toEqual([130, 130]);
    expect(await left()).toEqual([]);
    expect(await run()).toEqual(many);
    expect(many).toEqual(await here());
  });

  it("goes on from the checkpoint when a worker is killed, and when Redis loses everything", async () => {
    const { run, here, begun, mirrored, link, notes } = await world(server.url, long);
    const first = startWorker(server.url, { jobs: 2 });
    const many = run();
    await until(async () => (await mirrored()) === 2, "both checkpoints to be in the store");
    first.kill("SIGKILL");
    startWorker(server.url, { jobs: 2 });
    await until(async () => (await begun()).length === 4, "both jobs to begin again");
    await link.redis.flushall();
    expect(await many).toEqual(await here());
    expect(Math.min(...resumedAt(await begun()))).toBeGreaterThan(0);
    expect(notes.filter((line) => /^worker .* is here/.test(line)).length).toBeGreaterThan(1);
  });

  it("hands jobs back at once when a worker is told to stop", async () => {
    const { run, here, begun, mirrored, link } = await world(server.url, long);
    const first = startWorker(server.url, { jobs: 2 });
    const many = run();
    await until(async () => (await mirrored()) === 2, "both checkpoints to be in the store");
    first.kill("SIGTERM");
    expect(await first.ended).toBe(130);
    const [record] = await openRuns(link);
    expect(await standing(link, record!.id)).toMatchObject({ waiting: 2, running: 0, workers: [] });
    startWorker(server.url, { jobs: 2 });
    expect(await many).toEqual(await here());
    expect(Math.min(...resumedAt(await begun()))).toBeGreaterThan(0);
  });

  it("takes a run off when its command is stopped; the same command goes on", async () => {
    const { run, here, begun, mirrored, left, link } = await world(server.url, long);
    const worker = startWorker(server.url, { jobs: 2 });
    const stop = new AbortController();
    const stopped = run(stop.signal);
    await until(async () => (await mirrored()) === 2, "both checkpoints to be in the store");
    stop.abort();
    await expect(stopped).rejects.toMatchObject({ code: "INTERRUPTED" });
    const idle = async () =>
      (await seenWorkers(link)).every(({ run, running }) => run === undefined && !running.length);
    await until(idle, "the worker to have stopped");
    expect(await left()).toEqual([]);
    const many = run();
    expect(await many).toEqual(await here());
    expect(Math.min(...resumedAt(await begun()))).toBeGreaterThan(0);
    expect(worker.stderr()).not.toContain("refused");
  });

  it("tries a failing job three times, does all others, and names those that failed with their reasons", async () => {
    const { run, here, begun, cure } = await world(server.url, { jobs: 3, throws: ["a1"], dies: ["b2"] });
    startWorker(server.url);
    const failure = await run().catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: "JOB" });
    const message = String(failure);
    expect(message).toMatch(/2 jobs failed 3 times each; the same command tries again\n/);
    expect(message).toMatch(/count a1: Error: this one never works.*\(\S+, \d{4}-\S+Z; \S+, \S+; \S+, \S+\)/s);
    expect(message).toMatch(/count b2: the process that computed it ended by SIGKILL; was there too little memory\?/);
    const lines = await begun();
    expect(["a0 0", "a1 0", "a1 0", "a1 0", "a2 0", "b0 0", "b1 0", "b2 0", "b2 0", "b2 0"]).toEqual(lines.sort());
    await cure();
    expect(await run()).toEqual(await here());
  });

  it("refuses another version, other data and another store before it takes a job", async () => {
    const { run, here, link, begun } = await world(server.url, { jobs: 1 });
    const many = run();
    const runs = () => openRuns(link);
    await until(async () => (await runs()).length === 1, "the run to be put");
    const [record] = await runs();
    const { id, fingerprint, store } = record!;
    const older = { ...record!, id: "older", version: "0.0.1", put: 1 };
    await putRun(link, older);
    expect(await workHere(link, { data: "other" })).toEqual([
      expect.stringMatching(/^worker /),
      `run older refused: it is of distillery 0.0.1, this worker of ${version()}; install the same version`,
      expect.stringMatching(/^run .*: run, put by/),
      `run ${id} refused: other data: their fingerprint here is other, the run's is ${fingerprint}; copy the run's data, or say where they lie by --data`,
    ]);
    const elsewhere = await temporaryFolder();
    expect((await workHere(link, { artefacts: elsewhere })).at(-1)).toMatch(
      `run ${id} refused: its results are kept in ${store.address} (store ${store.id.slice(0, 8)}), and ${elsewhere} is another`,
    );
    expect(await standing(link, id)).toMatchObject({ waiting: 2, running: 0 });
    expect(await begun()).toEqual([]);
    startWorker(server.url);
    expect(await many).toEqual(await here());
    await removeRun(link, "older");
  });

  it("ends where its scratch folder cannot be made, before it shows itself", async () => {
    const { link } = await world(server.url, { jobs: 1 });
    const scratch = join(await temporaryFolder(), "none");
    await expect(workHere(link, { scratch })).rejects.toMatchObject({
      code: "DISK",
      message: `cannot write ${scratch}: there is no such folder; make it, or choose another --scratch`,
    });
    expect((await seenWorkers(link)).filter(({ name }) => name.includes(`:${process.pid}-`))).toEqual([]);
  });

  it("says so, once, where no worker has the memory for a job", async () => {
    const { run, notes, here } = await world(server.url, { jobs: 1, bytes: 3e9 });
    const small = startWorker(server.url, { memory: 1e9 });
    const many = run();
    const told = (): string[] => notes.filter((line) => line.includes("a0 needs 3.00 GB by estimate"));
    await until(() => told().length > 0, "the coordinator to be told");
    await sleep(1_500);
    expect(told()).toEqual([expect.stringMatching(/^worker .*: count a0 needs .*, this worker has 1.00 GB/)]);
    small.kill("SIGKILL");
    startWorker(server.url, { memory: 4e9 });
    expect(await many).toEqual(await here());
  });
});
