/** Finite numbers measured at one moment, by their names, e.g. `{ loss: 0.412 }`. */
export type ScalarValues = Readonly<Record<string, number>>;

/** How long work reports on itself; the command line draws bars, a test records, a library user passes `silent`. */
export interface Progress {
  /** Starts a task of `total` units (steps, files, bytes) under a title such as "teacher convnet". */
  task(title: string, total: number): ProgressTask;
  /** One line worth keeping, e.g. "teacher convnet: 85.1 % on the test set". */
  note(line: string): void;
}

export interface ProgressTask {
  /** Units done so far, and what was measured; the receiver rounds it. */
  update(done: number, scalars?: ScalarValues): void;
  /** Ends the task; safe to call twice. */
  done(): void;
}

export const silent: Progress = {
  task: () => ({ update: () => undefined, done: () => undefined }),
  note: () => undefined,
};
