import { readdirSync, readFileSync } from "node:fs";
import { performance } from "node:perf_hooks";

/**
 * Keeps the samples during which the machine was ours. Others' time is the machine's busy time, time stolen by the
 * hypervisor included, less that of this process and its descendants. peers/guarded.py does the same for PyTorch.
 */

/** Milliseconds of CPU time since some fixed moment. */
export interface CpuTimes {
  readonly machine: number;
  readonly own: number;
}

/** /proc counts in ticks of 1/100 s on every Linux that Node runs on. */
const tick = 10;

/** Busy milliseconds of all cores: user, nice, system, irq, softirq, steal; guests' time is part of user's. */
export const busyTime = (procStat: string): number => {
  const times = procStat.split("\n")[0]!.trim().split(/\s+/).slice(1).map(Number);
  return [0, 1, 2, 5, 6, 7].reduce((sum, i) => sum + (times[i] ?? 0), 0) * tick;
};

/** Parent and CPU time of one process, from its /proc/PID/stat; its name, in brackets, may hold anything. */
export const processTime = (stat: string): { parent: number; time: number } => {
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return { parent: Number(fields[1]), time: (Number(fields[11]) + Number(fields[12])) * tick };
};

const descendantsTime = (root: number): number => {
  const processes = new Map<number, { parent: number; time: number }>();
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      processes.set(Number(name), processTime(readFileSync(`/proc/${name}/stat`, "utf8")));
    } catch {
      // Ended meanwhile.
    }
  }
  const isBelow = (pid: number): boolean => {
    const parent = processes.get(pid)?.parent;
    return parent !== undefined && parent !== 0 && (parent === root || isBelow(parent));
  };
  return [...processes].reduce((sum, [pid, { time }]) => sum + (isBelow(pid) ? time : 0), 0);
};

/** Undefined where there is no /proc/stat. */
export const readCpuTimes = (): CpuTimes | undefined => {
  try {
    const machine = busyTime(readFileSync("/proc/stat", "utf8"));
    const { user, system } = process.cpuUsage();
    return { machine, own: (user + system) / 1000 + descendantsTime(process.pid) };
  } catch {
    return undefined;
  }
};

/** Whether others used at most `share` of one core, with a slack for the coarse ticks of /proc/stat. */
export const isQuiet = (elapsed: number, before: CpuTimes, after: CpuTimes, share: number): boolean =>
  after.machine - before.machine - (after.own - before.own) <= share * elapsed + 1.2 * tick;

export interface GuardOptions {
  /** Accepted samples wanted. */
  readonly runs: number;
  /** Share of one core that others may use. */
  readonly share: number;
  /** Gives up after so many milliseconds, but not before `runs` samples were tried. */
  readonly limit: number;
  readonly read?: () => CpuTimes | undefined;
  readonly now?: () => number;
  readonly rest?: (milliseconds: number) => Promise<void>;
}

export interface Guarded {
  readonly samples: readonly number[];
  readonly dropped: number;
  /** False where the machine does not say what others do: then everything was accepted. */
  readonly guarded: boolean;
}

const shortest = 250;

/** Takes samples in groups that last long enough to be judged; `sample` takes one and says how long it was. */
export const takeGuarded = async (
  sample: () => Promise<number>,
  {
    runs,
    share,
    limit,
    read = readCpuTimes,
    now = () => performance.now(),
    rest = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
  }: GuardOptions,
): Promise<Guarded> => {
  const samples: number[] = [];
  const started = now();
  let dropped = 0;
  let guarded = true;
  while (samples.length < runs && (now() - started < limit || samples.length + dropped < runs)) {
    const group: number[] = [];
    const [begin, before] = [now(), read()];
    do group.push(await sample());
    while (now() - begin < shortest);
    const after = read();
    guarded = before !== undefined && after !== undefined;
    if (before === undefined || after === undefined || isQuiet(now() - begin, before, after, share)) {
      samples.push(...group);
    } else {
      dropped += group.length;
      await rest(300);
    }
  }
  return { samples, dropped, guarded };
};
