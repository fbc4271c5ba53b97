import { type ChildProcess, spawn } from "node:child_process";

export interface Launched {
  readonly exit: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  /** True where it was killed because it took too long. */
  readonly late: boolean;
}

export interface Launching {
  readonly child: ChildProcess;
  readonly ended: Promise<Launched>;
  readonly running: () => boolean;
}

export interface LaunchOptions {
  readonly cwd?: string;
  /** The whole environment; absent: that of this process. */
  readonly env?: NodeJS.ProcessEnv;
  /** Milliseconds after which it is killed. */
  readonly limit?: number;
}

/** Starts a command with nothing on standard input, in a process group of its own that ends with it. */
export const launch = (
  command: string,
  args: readonly string[],
  { cwd, env = process.env, limit = 120_000 }: LaunchOptions = {},
): Launching => {
  const child = spawn(command, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"], detached: true });
  let [stdout, stderr, running, late] = ["", "", true, false];
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  const timer = setTimeout(() => {
    late = true;
    if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
  }, limit);
  const ended = new Promise<Launched>((resolve, reject) => {
    child.on("error", (error) => {
      clearTimeout(timer);
      reject(error);
    });
    child.on("close", (exit, signal) => {
      clearTimeout(timer);
      running = false;
      resolve({ exit, signal, stdout, stderr, late });
    });
  });
  return { child, ended, running: () => running };
};

/** Starts a program of Node's. */
export const launchNode = (program: string, args: readonly string[], options?: LaunchOptions): Launching =>
  launch(process.execPath, [program, ...args], options);
