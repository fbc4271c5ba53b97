import type { Random } from "../../../src/support/random.ts";
import type { Ground } from "../ground.ts";

/** Where an attempt lays its input: an empty folder, in which `out` is the only place to be written to. */
export interface Place {
  readonly folder: string;
  readonly out: string;
  readonly ground: Ground;
  /** Of this attempt alone. */
  readonly random: Random;
}

export interface Said {
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command line; paths are relative to the ground's folder. */
export type Ask = (...args: readonly string[]) => Promise<Said>;

/** A command on an input that is not as it should be. */
export interface Trial {
  readonly args: readonly string[];
  /** What was done to the input. */
  readonly how: string;
  /** Tells what is wrong where the command accepts the input; absent: it may. */
  readonly accepted?: (said: Said, ask: Ask) => Promise<string | undefined>;
}

/** A kind of input and its attempts: so many random ones at full scale, or crafted ones by name. */
export interface Input {
  readonly name: string;
  readonly attempts: number | readonly string[];
  readonly lay: (place: Place, attempt: string) => Promise<Trial>;
}

/** For input that nothing may accept. */
export const mustBeRefused = async (): Promise<string> => "it is accepted";
