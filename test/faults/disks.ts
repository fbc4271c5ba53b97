import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, readdir, rmdir, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sleep } from "../e2e/processes.ts";
import { filesIn } from "../pipeline/tiny.ts";
import { commandLine, type Ground } from "./ground.ts";
import { judge } from "./judge.ts";
import { launchNode } from "./launch.ts";
import { type Ended, type Part, thinned } from "./part.ts";
import { differenceOf, type Results, resultsIn } from "./results.ts";

/** Sizes in KiB, from one that the first write fills to one that holds a whole run. */
const sizes = [8, 12, 16, 20, 28, 36, 44, 52, 60, 72, 84, 100, 120, 140, 160, 180, 200, 240, 300];

/** Milliseconds after the folder is there at which a disk turns read-only. */
const moments = [0, 100, 300, 600, 1000, 1500];

const mount = (...args: readonly string[]): void => {
  execFileSync("mount", args, { stdio: "pipe" });
};

/** True where this process may mount a file system of its own. */
export const mayMount = async (): Promise<boolean> => {
  const folder = await mkdtemp(join(tmpdir(), "distillery-mount-"));
  try {
    mount("-t", "tmpfs", "-o", "size=64k", "tmpfs", folder);
    execFileSync("umount", [folder]);
    return true;
  } catch {
    return false;
  } finally {
    await rmdir(folder).catch(() => undefined);
  }
};

/** What a failed write must not leave behind: half-written and empty files. */
const leavings = async (out: string): Promise<string[]> => {
  const found: string[] = [];
  for (const path of await filesIn(out)) {
    if (/\.\d+$/.test(path) || (await stat(join(out, path))).size === 0) found.push(path);
  }
  return found;
};

/** Makes a disk read-only; a file that is open for writing keeps it from that for a moment. */
const remountReadOnly = async (disk: string, tries = 200): Promise<void> => {
  try {
    mount("-o", "remount,ro", disk);
  } catch (error) {
    if (tries === 0 || !String(error).includes("busy")) throw error;
    await sleep(5);
    await remountReadOnly(disk, tries - 1);
  }
};

/** Words that the error must have, beside its status 8. */
const reasons = { full: /disk is full/, "read-only": /read-only/ } as const;

/** A run on a disk in trouble ends in the right words and leaves whole files; with the trouble gone, it ends as any other. */
const attempt = async (ground: Ground, id: string, reference: Results): Promise<Ended> => {
  const [trouble, number] = id.split("/") as [keyof typeof reasons, string];
  const disk = join(await ground.scratch(), "disk");
  const out = join(disk, "out");
  await mkdir(disk);
  mount("-t", "tmpfs", "-o", trouble === "full" ? `size=${number}k,nr_inodes=10k` : "size=64m", "tmpfs", disk);
  try {
    const running = launchNode(ground.programs.main, commandLine("run", out), { cwd: ground.folder });
    if (trouble === "read-only") {
      while (running.running() && (await readdir(disk)).length === 0) await sleep(5);
      await sleep(Number(number));
      await remountReadOnly(disk);
    }
    const first = await running.ended;
    const { ending, what } = judge(first);
    if (ending !== "done") {
      if (first.exit !== 8) return { ending: ending === "refused" ? "unsaid" : ending, what };
      if (!reasons[trouble].test(what)) return { ending: "unsaid", what };
      const left = trouble === "full" && (await readdir(disk)).length > 0 ? await leavings(out) : [];
      if (left.length > 0) return { ending: "lost", what: `left behind: ${left.slice(0, 3).join(", ")}` };
    }
    mount("-o", "remount,rw,size=64m", disk);
    const second = await launchNode(ground.programs.main, commandLine("run", out), { cwd: ground.folder }).ended;
    if (second.exit !== 0) return { ending: "lost", what: `not resumed: ${judge(second).what}` };
    const difference = differenceOf(await resultsIn(out), reference);
    return difference === undefined ? { ending, what } : { ending: "lost", what: difference };
  } finally {
    execFileSync("umount", ["-l", disk]);
  }
};

export const disks: Part = {
  name: "disks",
  title: "A disk that is full after so many KiB, or turns read-only so many milliseconds after the start",
  ids: async (scale) => [
    ...thinned(sizes.length, scale).map((i) => `full/${sizes[i]}`),
    ...thinned(moments.length, scale).map((i) => `read-only/${moments[i]}`),
  ],
  open: async (ground) => {
    const reference = await resultsIn(ground.run);
    const allowed = await mayMount();
    return {
      attempt: async (id) =>
        allowed ? attempt(ground, id, reference) : { ending: "left out", what: "no tmpfs can be mounted here" },
      close: async () => undefined,
    };
  },
};
