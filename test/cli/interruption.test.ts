import { EventEmitter } from "node:events";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { firstSignal, interruptible } from "../../src/cli/interruption.ts";

const world = () => {
  const source = new EventEmitter();
  const exits: number[] = [];
  const said: string[] = [];
  const process = {
    stderr: { write: (text: string) => said.push(text) },
    exit: (status: number) => exits.push(status),
  };
  return { source, exits, said, signals: firstSignal(source, process) };
};

describe("the first signal", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it.each(["SIGINT", "SIGTERM"] as const)("%s ends the process at once while nothing listens yet", (signal) => {
    const { source, exits, said } = world();
    source.emit(signal, signal);
    expect(exits).toEqual([130]);
    expect(said.join("")).toBe(`stopped: by ${signal}; the same command resumes\ncode INTERRUPTED, exit status 130\n`);
  });

  it("aborts work that listens, and ends the process where that does not help; the second is the system's", async () => {
    const { source, exits, signals } = world();
    const said: string[] = [];
    void interruptible(
      signals,
      (line) => said.push(line),
      (signal) => {
        signal.addEventListener("abort", () => said.push(`aborted by ${String(signal.reason)}`));
        return new Promise(() => undefined);
      },
    );
    source.emit("SIGTERM", "SIGTERM");
    expect(said).toEqual([expect.stringMatching(/^stopping after this step/), "aborted by SIGTERM"]);
    expect(source.eventNames()).toEqual([]);
    vi.advanceTimersByTime(4_000);
    expect(exits).toEqual([]);
    vi.advanceTimersByTime(2_000);
    expect(exits).toEqual([130]);
  });

  it("ends the process at once again when the work is over", async () => {
    const { source, exits, signals } = world();
    await interruptible(
      signals,
      () => undefined,
      async () => undefined,
    );
    source.emit("SIGINT", "SIGINT");
    expect(exits).toEqual([130]);
  });
});
