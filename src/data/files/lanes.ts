// Running asynchronous work on many files, a few at a time.
import { availableParallelism } from "node:os";

/** Reading and decoding overlap, so several files a core are under way. */
const lanes = Math.min(16, 4 * availableParallelism());

/** Runs `work` for 0..n-1, a few at a time, started in order; stops at a failure and throws the one of lowest index. */
export const forEachIndex = async (n: number, work: (index: number) => Promise<void>): Promise<void> => {
  let next = 0;
  const failures: { readonly index: number; readonly error: unknown }[] = [];
  const lane = async (): Promise<void> => {
    while (next < n && failures.length === 0) {
      const index = next++;
      try {
        await work(index);
      } catch (error) {
        failures.push({ index, error });
      }
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  const first = failures.sort((a, b) => a.index - b.index)[0];
  if (first) throw first.error;
};
