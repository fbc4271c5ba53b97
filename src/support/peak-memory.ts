// The most memory that some work takes.
import { readFile, writeFile } from "node:fs/promises";

/** The most memory that this process held at once, all threads and what it held before included. */
export interface PeakMemory {
  readonly bytes: number;
  /**
   * `VmHWM`: Linux's own mark of the largest resident set, set back before the work. `sampled`: the resident set looked at
   * every 50 ms, which may miss a short peak.
   */
  readonly by: "VmHWM" | "sampled";
}

/** Sets VmHWM back to the present size (proc(5), clear_refs); false where the system does not allow it. */
const resetMark = (): Promise<boolean> =>
  writeFile("/proc/self/clear_refs", "5").then(
    () => true,
    () => false,
  );

/** VmHWM in bytes; undefined where there is none. */
const readMark = async (): Promise<number | undefined> => {
  const status = await readFile("/proc/self/status", "utf8").catch(() => "");
  const found = /^VmHWM:\s*(\d+) kB$/m.exec(status);
  return found === null ? undefined : Number(found[1]) * 1024;
};

/** Runs some work and tells `seen` its peak at the end, also when it fails. One at a time: there is one mark a process. */
export const watchMemory = async <T>(work: () => Promise<T>, seen: (peak: PeakMemory) => Promise<void>): Promise<T> => {
  const marked = (await resetMark()) && (await readMark()) !== undefined;
  let most = process.memoryUsage.rss();
  const look = (): void => {
    most = Math.max(most, process.memoryUsage.rss());
  };
  const timer = setInterval(look, 50);
  timer.unref();
  const tell = async (): Promise<void> => {
    clearInterval(timer);
    look();
    const mark = marked ? await readMark() : undefined;
    await seen(mark === undefined ? { bytes: most, by: "sampled" } : { bytes: mark, by: "VmHWM" });
  };
  let result: T;
  try {
    result = await work();
  } catch (error) {
    // The first failure says more than one of telling.
    await tell().catch(() => undefined);
    throw error;
  }
  await tell();
  return result;
};
