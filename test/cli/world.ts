import { EventEmitter } from "node:events";
import { Writable } from "node:stream";
import type { Terminal } from "../../src/cli/output.ts";
import type { Presented } from "../../src/cli/present.ts";
import { runCommandLine } from "../../src/cli/program.ts";
import type { CommandContext, EvaluateContext } from "../../src/pipeline/commands.ts";
import type { Recipe } from "../../src/recipe/recipe.ts";

/** A stream that keeps what is written to it. */
export const captured = (columns?: number): { readonly stream: Writable; readonly text: () => string } => {
  const chunks: string[] = [];
  const stream = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      chunks.push(chunk.toString());
      done();
    },
  });
  return {
    stream: columns === undefined ? stream : Object.assign(stream, { isTTY: true, columns }),
    text: () => chunks.join(""),
  };
};

export interface Call {
  readonly command: keyof Presented;
  readonly recipe: Recipe;
  readonly context: CommandContext & Partial<EvaluateContext>;
  readonly terminal: Terminal;
}

export interface Ran {
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
  /** What the commands were called with. */
  readonly calls: readonly Call[];
}

/** Runs the command line in this process; `work` stands for what a computing command does. */
export const commandLine = async (
  args: readonly string[],
  work: (call: Call, signals: EventEmitter) => Promise<void> = async () => undefined,
): Promise<Ran> => {
  const [out, err] = [captured(), captured()];
  const signals = new EventEmitter();
  const calls: Call[] = [];
  const record = (command: keyof Presented) => async (recipe: Recipe, context: CommandContext, terminal: Terminal) => {
    const call = { command, recipe, context, terminal };
    calls.push(call);
    await work(call, signals);
    return { text: `${command} is done`, json: { command } };
  };
  const exit = await runCommandLine(args, {
    stdout: out.stream,
    stderr: err.stream,
    signals,
    loadCommands: async () => ({
      run: record("run"),
      teach: record("teach"),
      distill: record("distill"),
      evaluate: record("evaluate"),
      compare: record("compare"),
      // Told otherwise than by a recipe.
      train: async () => ({ text: "train is done", json: {} }),
    }),
  });
  if (signals.listenerCount("SIGINT") + signals.listenerCount("SIGTERM") > 0) throw new Error("listeners were left");
  return { exit, stdout: out.text(), stderr: err.text(), calls };
};
