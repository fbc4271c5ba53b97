import { type ChildProcess, spawn } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { inject } from "vitest";
import { stringify } from "yaml";
import { tinyFields } from "../pipeline/tiny.ts";
import { type Programs, programsIn } from "../programs/build.ts";

export interface Ended {
  readonly exit: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Started {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** What standard error holds so far. */
  readonly stderr: () => string;
  readonly running: () => boolean;
}

/** Starts the program in a folder; `shell` is a bash command that goes before it, such as a limit. */
export const start = (program: keyof Programs, cwd: string, args: readonly string[], shell?: string): Started => {
  const line = [process.execPath, programsIn(inject("programs"))[program], ...args];
  const [command = "", ...rest] = shell === undefined ? line : ["bash", "-c", `${shell}; exec "$@"`, "bash", ...line];
  const child = spawn(command, rest, { cwd, stdio: ["ignore", "pipe", "pipe"] });
  let [stdout, stderr, running] = ["", "", true];
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (exit, signal) => {
      running = false;
      resolve({ exit, signal, stdout, stderr });
    });
  });
  return { child, ended, stderr: () => stderr, running: () => running };
};

export const sleep = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });

/** Waits until something is so, or the process has ended. */
export const until = async (process: Started, so: () => boolean): Promise<void> => {
  while (process.running() && !so()) await sleep(2);
};

/** A recipe file of tiny fields beside the images; paths are relative to the folder. */
export const writeRecipe = async (folder: string, over: Readonly<Record<string, unknown>>): Promise<void> => {
  await writeFile(join(folder, "recipe.yaml"), stringify({ ...tinyFields, data: "pictures", ...over }));
};
