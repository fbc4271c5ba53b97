import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

/** One process's line of JSON: step.ts's or peers/guarded.py's. */
export interface Measurement {
  readonly samples: readonly number[];
  readonly dropped: number;
  readonly guarded: boolean;
  /** From an empty graph (or network) to the first step done. */
  readonly firstStepMs: number;
  readonly peakMiB: number;
  readonly gflop?: number;
  readonly torch?: string;
}

const run = promisify(execFile);

export const here = (file: string): string => fileURLToPath(new URL(file, import.meta.url));

/** A long-running compiler counts as broken after so long. */
const patience = 15 * 60_000;

/** Runs a program that ends by printing one line of JSON; throws an error of one line that says why it did not. */
export const lineFrom = async <T>(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<T> => {
  try {
    const { stdout } = await run(command, [...args], {
      env: { ...process.env, ...env },
      timeout: patience,
      maxBuffer: 2 ** 26,
    });
    return JSON.parse(stdout.trim().split("\n").at(-1)!) as T;
  } catch (cause) {
    const { stderr = "", killed = false } = cause as { stderr?: string; killed?: boolean };
    const lines = stderr.split("\n").map((line) => line.trim());
    const why = killed
      ? `took more than ${patience / 60_000} minutes`
      : (lines.findLast((line) => /error/i.test(line)) ?? lines.findLast((line) => line !== "") ?? String(cause));
    throw new Error(why, { cause });
  }
};

/** One of our programs in a fresh process. */
export const ours = <T>(file: string, args: readonly string[]): Promise<T> =>
  lineFrom<T>(process.execPath, ["--import", "tsx", here(file), ...args]);
