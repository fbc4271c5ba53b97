// The memory of a machine, shared by the jobs that run on it.
import { readFileSync } from "node:fs";
import { freemem } from "node:os";

/** Bytes that a group of processes may still take by the limit that a container or a scheduler gave it. */
const groupLimit = (): number => {
  const read = (name: string): number => {
    try {
      return Number(readFileSync(`/sys/fs/cgroup/memory.${name}`, "utf8"));
    } catch {
      return Number.NaN;
    }
  };
  // "max" is no number, and means no limit.
  const left = read("max") - read("current");
  return Number.isNaN(left) ? Number.POSITIVE_INFINITY : left;
};

const available = (): number => {
  try {
    const found = /^MemAvailable:\s+(\d+) kB$/m.exec(readFileSync("/proc/meminfo", "utf8"));
    if (found !== null) return 1024 * Number(found[1]);
  } catch {
    // Other systems have no such file.
  }
  return freemem();
};

/** Bytes that jobs may take here by what is free now. */
export const freeMemory = (): number => Math.min(available(), groupLimit());

/** Room for jobs by their estimates. */
export interface Room {
  readonly bytes: number;
  /** Takes room, waiting for a while until there is some; returns what gives it back, undefined where there was none. */
  take(bytes: number, patience: number): Promise<(() => void) | undefined>;
}

export const roomOf = (bytes: number): Room => {
  let taken = 0;
  const waiting = new Set<() => void>();
  return {
    bytes,
    take: async (wanted, patience) => {
      const until = performance.now() + patience;
      while (taken + wanted > bytes) {
        const left = until - performance.now();
        if (left <= 0) return undefined;
        await new Promise<void>((resolve) => {
          const again = (): void => {
            clearTimeout(timer);
            waiting.delete(again);
            resolve();
          };
          const timer = setTimeout(again, left);
          waiting.add(again);
        });
      }
      taken += wanted;
      return () => {
        taken -= wanted;
        for (const again of [...waiting]) again();
      };
    },
  };
};
