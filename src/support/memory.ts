// Memory that this process may take, by its machine and by the limits of a scheduler or a container.
import { readFileSync } from "node:fs";
import { freemem, totalmem } from "node:os";
import { dirname, join } from "node:path";

/** A limit of a control group, and the bytes of its processes that cannot be had back. */
interface Limit {
  readonly most: number;
  readonly used: number;
}

/** Names of the files of control groups (cgroups(7)): those of version 2, and of the memory controller of version 1. */
const versions = [
  {
    holds: (controllers: string) => controllers === "",
    mount: "sys/fs/cgroup",
    limits: ["memory.max", "memory.high"],
    usage: "memory.current",
    cache: /^inactive_file (\d+)$/m,
  },
  {
    holds: (controllers: string) => controllers.split(",").includes("memory"),
    mount: "sys/fs/cgroup/memory",
    limits: ["memory.limit_in_bytes"],
    usage: "memory.usage_in_bytes",
    cache: /^total_inactive_file (\d+)$/m,
  },
];

const textOf = (...path: readonly string[]): string => {
  try {
    return readFileSync(join(...path), "utf8").trim();
  } catch {
    // Other systems have no such files, and the outermost group has none of them.
    return "";
  }
};

/** A group and all around it: Slurm limits a job and its step, and the process is in a group within these. */
const outwards = (group: string): string[] =>
  dirname(group) === group ? [group] : [group, ...outwards(dirname(group))];

/**
 * Limits of all groups that this process is in; `root` is where its file system is. Node's own constrainedMemory() and
 * availableMemory() look at the innermost group alone.
 */
const limitsOf = (root: string): Limit[] =>
  textOf(root, "proc/self/cgroup")
    .split("\n")
    .flatMap((line) => {
      const [, controllers, path] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? [];
      const version = versions.find(({ holds }) => controllers !== undefined && holds(controllers));
      if (version === undefined || path === undefined) return [];
      return outwards(path).flatMap((group) => {
        const read = (name: string): string => textOf(root, version.mount, group, name);
        // "max" is no limit, and no number.
        const most = version.limits.flatMap((name) => (/^\d+$/.test(read(name)) ? Number(read(name)) : []));
        if (most.length === 0) return [];
        // Pages of files that nobody looked at lately are given up when memory is short.
        const cache = Number(version.cache.exec(read("memory.stat"))?.[1] ?? 0);
        return { most: Math.min(...most), used: Number(read(version.usage)) - cache };
      });
    });

/** Bytes that this process may have in all. */
export const memoryLimit = (root = "/"): number => Math.min(totalmem(), ...limitsOf(root).map(({ most }) => most));

/** Bytes that may still be taken here. */
export const freeMemory = (root = "/"): number =>
  Math.max(0, Math.min(freemem(), ...limitsOf(root).map(({ most, used }) => most - used)));
