// Locks that keep two processes out of one folder.
import { randomBytes } from "node:crypto";
import { constants, readFileSync, unlinkSync } from "node:fs";
import { copyFile, link, readdir, readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { codeOf, diskError } from "./files.ts";
import { isProcess, isRunning, markOf } from "./running.ts";

const holderSchema = z.object({
  host: z.string(),
  system: z.string(),
  pid: z.int().min(1),
  started: z.string(),
  /** When the folder was taken, ISO 8601. */
  since: z.string(),
  command: z.string(),
  /** Differs from that of every other lock there ever was. */
  token: z.string(),
});

/** The process that works in a folder. */
export type Holder = z.infer<typeof holderSchema>;

export interface Lock {
  /** Lets others in; safe to call twice. */
  release(): Promise<void>;
}

const lockName = ".distillery.lock";

/** True for the files of this module. */
export const isLock = (name: string): boolean => name === lockName || name.startsWith(`${lockName}.`);

/** Milliseconds: a holder shows so often that it lives, and one of another machine that was silent for so long is gone. */
const beat = 5_000;
const silence = 60_000;

interface Found {
  readonly holder: Holder;
  /** Milliseconds since it last showed that it lives. */
  readonly silent: number;
}

/** The lock in a file; one that cannot be read is nobody's, known by its time. Undefined where there is none. */
const readLock = async (path: string): Promise<Found | undefined> => {
  let text: string;
  let shown: Date;
  try {
    [text, { mtime: shown }] = await Promise.all([readFile(path, "utf8"), stat(path)]);
  } catch (cause) {
    if (codeOf(cause) === "ENOENT") return undefined;
    throw diskError(path, cause);
  }
  const silent = Date.now() - shown.getTime();
  try {
    return { holder: holderSchema.parse(JSON.parse(text)), silent };
  } catch {
    const [since, token] = [shown.toISOString(), `damaged-${shown.getTime()}`];
    return { holder: { host: "", system: "", pid: 1, started: "", since, command: "", token }, silent };
  }
};

const isGone = async ({ holder, silent }: Found): Promise<boolean> => {
  const running = await isRunning(holder);
  return running === undefined ? silent > silence : !running;
};

/** Gives a finished file a second name, unless that is taken. Disks without links get a copy. */
const nameAlso = async (file: string, path: string): Promise<boolean> => {
  try {
    await link(file, path).catch((cause: unknown) => {
      if (!["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS"].includes(codeOf(cause))) throw cause;
      return copyFile(file, path, constants.COPYFILE_EXCL);
    });
    return true;
  } catch (cause) {
    if (codeOf(cause) === "EEXIST") return false;
    throw diskError(path, cause);
  }
};

/**
 * Makes `path` a name of the file `mine`, or returns whose it is. The place of a holder that is gone is won by who holds the
 * name that follows its token, which is made the same way: so only one process can replace it, and a process that was killed
 * while doing so is succeeded in its turn.
 */
const seize = async (path: string, mine: string): Promise<Holder | undefined> => {
  for (;;) {
    if (await nameAlso(mine, path)) return undefined;
    const found = await readLock(path);
    if (found === undefined) continue;
    if (!(await isGone(found))) return found.holder;
    const { token } = found.holder;
    const next = `${path}.${token}`;
    const winner = await seize(next, mine);
    if (winner !== undefined) return winner;
    // Another may have succeeded it before, so that the next name was free again.
    if ((await readLock(path))?.holder.token === token) {
      await rename(next, path);
      return undefined;
    }
    await rm(next, { force: true });
  }
};

const keep = (path: string, token: string): Lock => {
  const timer = setInterval(() => {
    const now = new Date();
    utimes(path, now, now).catch(() => undefined);
  }, beat);
  timer.unref();
  const atExit = (): void => {
    try {
      if (readFileSync(path, "utf8").includes(token)) unlinkSync(path);
    } catch {
      // Whoever comes next sees that this process is gone.
    }
  };
  process.once("exit", atExit);
  return {
    release: async () => {
      clearInterval(timer);
      process.off("exit", atExit);
      // A lock that cannot be removed, as on a disk that turned read-only, is void with its process.
      const found = await readLock(path).catch(() => undefined);
      if (found?.holder.token === token) await rm(path, { force: true }).catch(() => undefined);
    },
  };
};

/** Says who works in a folder, if anybody does, as far as it can be looked at. */
export const holderOf = async (folder: string): Promise<Holder | undefined> => {
  const found = await readLock(join(folder, lockName)).catch(() => undefined);
  return found === undefined || (await isGone(found)) ? undefined : found.holder;
};

/** Removes what processes left that were killed while they tried to take a folder. Only for who holds its lock. */
export const sweepLocks = async (folder: string): Promise<void> => {
  for (const name of (await readdir(folder)).filter((name) => isLock(name) && name !== lockName)) {
    const found = await readLock(join(folder, name));
    // Killed before it had written a word: only the name says whose it is.
    const pid = Number(/\.(\d+)-[0-9a-f]+\.new$/.exec(name)?.[1] ?? process.pid);
    // Others may be of a process that is still trying, and about to be refused.
    if (found !== undefined && ((await isGone(found)) || !isProcess(pid)))
      await rm(join(folder, name), { force: true });
  }
};

/**
 * Takes a folder for this process, or returns who works in it. What a killed process holds is taken over: one of this machine
 * at once, one of another when it was silent for a minute.
 * @throws DISK where nothing can be written.
 */
export const lockFolder = async (folder: string): Promise<Lock | Holder> => {
  const path = join(folder, lockName);
  const token = `${process.pid}-${randomBytes(8).toString("hex")}`;
  const mine = `${path}.${token}.new`;
  const holder: Holder = {
    ...(await markOf()),
    since: new Date().toISOString(),
    command: process.argv.slice(2).join(" "),
    token,
  };
  try {
    await writeFile(mine, `${JSON.stringify(holder, null, 2)}\n`, { flag: "wx" }).catch((cause: unknown) => {
      throw diskError(mine, cause);
    });
    return (await seize(path, mine)) ?? keep(path, token);
  } finally {
    await rm(mine, { force: true });
  }
};
