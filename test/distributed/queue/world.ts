import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { inject, onTestFinished } from "vitest";
import { openStore } from "../../../src/distributed/artefacts/open-store.ts";
import { coordinate } from "../../../src/distributed/queue/coordinator.ts";
import { connect, type Link } from "../../../src/distributed/queue/redis.ts";
import { type WorkerOptions, work } from "../../../src/distributed/queue/work.ts";
import { progressTo, silent } from "../../../src/support/work/progress.ts";
import { filesIn, hashesIn, temporaryFolder } from "../../pipeline/tiny.ts";
import { programsIn } from "../../programs/build.ts";
import { type Fake, fakeCommands, recipeOf } from "./fake-command.ts";
import { options } from "./worker-options.ts";
import { startWorkerProcess } from "./worker-process.ts";

export const sleep = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });

export const until = async (so: () => boolean | Promise<boolean>, what: string, seconds = 15): Promise<void> => {
  const end = performance.now() + 1000 * seconds;
  while (!(await so())) {
    if (performance.now() > end) throw new Error(`waited ${seconds} s in vain: ${what}`);
    await sleep(20);
  }
};

export interface Worker {
  readonly stderr: () => string;
  readonly ended: Promise<number | null>;
  kill(signal: NodeJS.Signals): void;
}

/** A worker of the fake command in a process of its own. */
export const startWorker = (url: string, over: Partial<WorkerOptions> = {}): Worker => {
  const { child, stderr } = startWorkerProcess(url, over);
  const ended = once(child, "close").then(() => child.exitCode);
  onTestFinished(() => void child.kill("SIGKILL"));
  return { stderr, ended, kill: (signal) => child.kill(signal) };
};

/** A worker of the fake command in this process, that ends when no run is left; returns what it said. */
export const workHere = async (link: Link, over: Partial<WorkerOptions>): Promise<string[]> => {
  const notes: string[] = [];
  const progress = progressTo((event) => event.type === "note" && notes.push(event.text));
  const { signal } = new AbortController();
  const child = pathToFileURL(programsIn(inject("programs")).child);
  await work(link, { ...options, child, untilDone: true, ...over }, { progress, signal });
  return notes;
};

/** A folder with everything of one fake command, and the ways to do it. */
export const world = async (url: string, fake: Omit<Fake, "data" | "log" | "cure">) => {
  const folder = await temporaryFolder();
  const log = join(folder, "log");
  const cure = join(folder, "cure");
  const recipe = recipeOf({ ...fake, data: "data", log, cure });
  const artefacts = join(folder, "artefacts");
  const link = await connect(url, () => undefined);
  onTestFinished(() => link.close());
  const notes: string[] = [];
  const progress = progressTo((event) => event.type === "note" && notes.push(event.text));
  return {
    link,
    artefacts,
    notes,
    cure: () => writeFile(cure, ""),
    /** The lines of jobs that began. */
    begun: async (): Promise<string[]> => (await readFile(log, "utf8").catch(() => "")).split("\n").slice(0, -1),
    /** The command with its jobs on the queue, and the hashes of its results. */
    run: async (signal = new AbortController().signal, out = join(folder, "many")) => {
      const store = await openStore(artefacts);
      const told = { command: "run", recipe, threads: 1, given: {}, out };
      const { executor, close } = coordinate(link, store, told, { progress, signal });
      await fakeCommands.run(recipe, { out, executor, threads: 1, progress, signal }).finally(close);
      return await hashesIn(out);
    },
    /** The same in this process. */
    here: async () => {
      const out = join(folder, "one");
      const { signal } = new AbortController();
      const fast = recipeOf({ ...fake, milliseconds: 0, data: "data", log: join(folder, "here"), cure });
      await fakeCommands.run(fast, { out, threads: 1, progress: silent, signal });
      return await hashesIn(out);
    },
    /** Counts the checkpoints that are in the store. */
    mirrored: async (): Promise<number> =>
      (await filesIn(artefacts).catch(() => [])).filter((file) => file.endsWith("/checkpoints-0")).length,
    /** Names of all that is left in Redis besides workers. */
    left: async (): Promise<string[]> => {
      const keys = await link.redis.keys("*");
      return keys.filter((key) => !key.startsWith("distillery:worker"));
    },
  };
};
