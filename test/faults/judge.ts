import { errorTable } from "../../src/support/errors.ts";
import type { Ended } from "./part.ts";

/** How a command ended: in a process of its own or in this one. */
export interface Answer {
  readonly exit: number | null;
  readonly stderr: string;
}

/** The line that tells why a command failed, or the first of all. */
export const reasonIn = (stderr: string): string => {
  const lines = stderr.trim().split("\n");
  return (lines.find((line) => /^(error|stopped): /.test(line)) ?? lines[0] ?? "").slice(0, 300);
};

/** SHAPE is a mistake in a program, never in its input. */
const forInput = Object.entries(errorTable).filter(([code]) => code !== "SHAPE");

/** Tells whether a command ended as docs/errors.md says: with 0, or with the code and status of an error in its words. */
export const judge = ({ exit, stderr }: Answer): Ended => {
  if (exit === 0) return { ending: "done", what: "" };
  const what = reasonIn(stderr);
  const known = forInput.some(
    ([code, error]) => error.exit === exit && stderr.includes(`code ${code}, exit status ${exit}\n`),
  );
  return { ending: known ? "refused" : "crash", what: known ? what : `exit ${exit}: ${what}` };
};
