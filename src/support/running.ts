// Marks of processes, and tests of whether they still run.
import { readFile, readlink } from "node:fs/promises";
import { hostname } from "node:os";

/** Names a process so that it is not taken for a later one of the same number. */
export interface ProcessMark {
  readonly host: string;
  /** Boot and process namespace, where the system tells: containers of one name count their processes apart. */
  readonly system: string;
  readonly pid: number;
  /** When it was started, in the kernel's ticks since boot (proc(5), stat, field 22); "" where the system does not tell. */
  readonly started: string;
}

const textOf = (reading: Promise<string>): Promise<string> =>
  reading.then(
    (text) => text.trim(),
    () => "",
  );

const systemOf = async (): Promise<string> => {
  const boot = await textOf(readFile("/proc/sys/kernel/random/boot_id", "utf8"));
  const namespace = await textOf(readlink("/proc/self/ns/pid"));
  return [boot, namespace].join(" ").trim();
};

/** The state letter and the start of a process; undefined where the system has no such account. */
const accountOf = async (pid: number): Promise<{ readonly state: string; readonly started: string } | undefined> => {
  // The second field, the command's name in brackets, may hold anything.
  const [state = "", ...fields] = (await textOf(readFile(`/proc/${pid}/stat`, "utf8")))
    .replace(/^.*\) /s, "")
    .split(" ");
  const started = fields[18];
  return started === undefined ? undefined : { state, started };
};

export const markOf = async (pid: number = process.pid): Promise<ProcessMark> => ({
  host: hostname(),
  system: await systemOf(),
  pid,
  started: (await accountOf(pid))?.started ?? "",
});

/** Tells whether a process of this number is there. */
export const isProcess = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it lives and belongs to somebody else.
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
};

/** Tells whether a process is there; undefined for one of another machine, of which nothing is known here. */
export const isRunning = async ({ host, system, pid, started }: ProcessMark): Promise<boolean | undefined> => {
  if (host !== hostname() || system !== (await systemOf())) return undefined;
  if (!isProcess(pid)) return false;
  const account = await accountOf(pid);
  if (account === undefined || started === "") return true;
  // Z and X: it has ended and only waits for its parent to notice.
  return account.started === started && !/[ZX]/.test(account.state);
};
