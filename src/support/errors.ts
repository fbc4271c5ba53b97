// The table of error codes, the error that carries one, and what others say.

/**
 * Every error a user can meet has a code in this table; docs/errors.md explains each and a test holds the two together.
 * `exit` is the process's exit status.
 */
export const errorTable = {
  USAGE: { exit: 2, meaning: "an option or argument of the command line is wrong" },
  RECIPE: { exit: 2, meaning: "a recipe has a wrong or unknown field" },
  DATA: { exit: 3, meaning: "the data set cannot be used as it is" },
  IMAGE: { exit: 3, meaning: "an image file cannot be read" },
  DOWNLOAD: { exit: 3, meaning: "a data set or a distilled set cannot be downloaded, or its checksum is wrong" },
  BUDGET: { exit: 4, meaning: "the number of images a class does not fit the method or the data" },
  SET: { exit: 5, meaning: "a distilled set is damaged, incomplete or not ours" },
  CHECKPOINT: { exit: 5, meaning: "a checkpoint or weight file is damaged or belongs to something else" },
  DEVICE: { exit: 6, meaning: "the asked-for device is not available, or computes wrongly" },
  NOT_FINITE: { exit: 7, meaning: "a loss became NaN or infinite" },
  DISK: { exit: 8, meaning: "a file cannot be written" },
  HUB: { exit: 9, meaning: "the Hugging Face Hub refuses a push, or does not answer" },
  QUEUE: { exit: 10, meaning: "the queue of jobs cannot be used, or is of other work" },
  ARTEFACTS: { exit: 10, meaning: "the store of artefacts cannot be used, or is of other work" },
  JOB: { exit: 11, meaning: "a job failed on every try" },
  SHAPE: { exit: 70, meaning: "tensors of a traced function do not fit together (a programming error)" },
  INTERRUPTED: { exit: 130, meaning: "stopped by the user; the same command resumes" },
} as const satisfies Record<string, { exit: number; meaning: string }>;

export type ErrorCode = keyof typeof errorTable;

/** An error with a code of `errorTable`. The message names what was given, what was wanted and what to do. */
export class DistilleryError extends Error {
  readonly code: ErrorCode;
  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = "DistilleryError";
    this.code = code;
  }
}

/** The message of whatever was thrown. */
export const reasonOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause));

/** The system's code of whatever was thrown, such as ENOENT; "" where it has none. */
export const codeOf = (cause: unknown): string => (cause instanceof Error && "code" in cause ? String(cause.code) : "");
