import { type ChildProcess, fork } from "node:child_process";
import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Ground } from "./ground.ts";
import type { Message } from "./inputs/child.ts";
import { crafted, mutated } from "./inputs/index.ts";
import type { Input } from "./inputs/input.ts";
import { type Ended, type Lane, type Part, thinned } from "./part.ts";

const program = fileURLToPath(new URL("./inputs/child.ts", import.meta.url));
const loader = import.meta.resolve("tsx");

/** Milliseconds that a command may take, and bytes by which it may grow: 1 GiB less what the program takes itself. */
const limits = { time: 10_000, growth: 2 ** 30 - 200 * 2 ** 20 } as const;

/** The largest resident set since it was last set back; 0 where the system does not tell. */
const peakOf = async (pid: number): Promise<number> => {
  const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "");
  return 1024 * Number(/^VmHWM:\s*(\d+)/m.exec(status)?.[1] ?? 0);
};

/** Sets that mark back to what is resident now, which is returned. */
const forgetPeak = async (pid: number): Promise<number> => {
  await writeFile(`/proc/${pid}/clear_refs`, "5").catch(() => undefined);
  return peakOf(pid);
};

/** A process that makes attempts until one ends it. */
interface Worker {
  readonly child: ChildProcess;
  readonly pid: number;
  readonly stderr: () => string;
}

/** The next message, or undefined when the process has ended. */
const hear = ({ child }: Pick<Worker, "child">): Promise<Message | undefined> =>
  new Promise((resolve) => {
    const settle = (message?: Message): void => {
      child.off("message", onMessage);
      child.off("exit", onExit);
      resolve(message);
    };
    const onMessage = (message: unknown): void => settle(message as Message);
    const onExit = (): void => settle();
    child.on("message", onMessage);
    child.on("exit", onExit);
  });

const startWorker = async (ground: Ground): Promise<Worker> => {
  const own = await mkdtemp(join(ground.folder, "lane-"));
  const child = fork(program, [ground.folder, String(ground.seed), own], {
    execArgv: ["--import", loader],
    stdio: ["ignore", "ignore", "pipe", "ipc"],
  });
  let stderr = "";
  child.stderr?.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  if ((await hear({ child })) !== "ready" || child.pid === undefined) throw new Error(stderr);
  return { child, pid: child.pid, stderr: () => stderr };
};

/** The end of a process that ended itself. */
const died = (worker: Worker): Ended => {
  const first = worker
    .stderr()
    .split("\n")
    .find((line) => /error|exception/i.test(line));
  return { ending: "crash", what: `the process died: ${first ?? worker.stderr().slice(0, 200)}` };
};

/** Asks for an attempt and watches the time and memory of its command; a process beyond its limits is ended. */
const watch = async (worker: Worker, id: string): Promise<{ readonly ended: Ended; readonly alive: boolean }> => {
  const { child, pid } = worker;
  const laid = hear(worker);
  child.send(id);
  if ((await laid) !== "laid") throw new Error(`${id} cannot be laid out: ${worker.stderr()}`);
  const before = await forgetPeak(pid);
  const started = performance.now();
  let by: Ended | undefined;
  const look = async (): Promise<void> => {
    const grown = (await peakOf(pid)) - before;
    if (grown > limits.growth) by ??= { ending: "memory", what: `grown by ${(grown / 2 ** 20).toFixed(0)} MiB` };
    else if (performance.now() - started > limits.time) by ??= { ending: "hang", what: "still at it after 10 seconds" };
    if (by !== undefined) child.kill("SIGKILL");
  };
  const timer = setInterval(() => void look(), 50);
  const answer = hear(worker);
  child.send("go");
  const said = await answer;
  clearInterval(timer);
  await look();
  if (by !== undefined) {
    child.kill("SIGKILL");
    return { ended: by, alive: false };
  }
  return typeof said === "object" ? { ended: said, alive: true } : { ended: died(worker), alive: false };
};

const open = async (ground: Ground): Promise<Lane> => {
  let worker: Worker | undefined;
  return {
    attempt: async (id) => {
      worker ??= await startWorker(ground);
      const { ended, alive } = await watch(worker, id);
      if (!alive) worker = undefined;
      return ended;
    },
    close: async () => {
      worker?.child.disconnect();
    },
  };
};

const idsOf = (inputs: readonly Input[], scale: number): string[] =>
  inputs.flatMap(({ name, attempts }) => {
    const all = typeof attempts === "number" ? attempts : attempts.length;
    const named = (i: number): string | number => (typeof attempts === "number" ? i : attempts[i]!);
    return thinned(all, scale)
      .map(named)
      .map((attempt) => `${name}/${attempt}`);
  });

export const damaged: Part = {
  name: "damaged",
  title: "Files damaged at random: one change, or two to four in two of five",
  ids: async (scale) => idsOf(mutated, scale),
  open,
};

export const hostile: Part = {
  name: "hostile",
  title: "Files made to harm: few bytes that become many, text that nests or refers to itself, paths that lead out",
  // Each is another idea, so that none is left out.
  ids: async (scale) => idsOf(crafted, scale),
  open,
};
