// Progress of long work, as events.

/** Finite numbers measured at one moment, by their names, e.g. `{ loss: 0.412 }`. */
export type ScalarValues = Readonly<Record<string, number>>;

/**
 * A report of long work, as data that JSON keeps: a terminal, a page or a test draws the same events. A task is
 * known by its number; it starts once, is updated any number of times and ends once.
 */
export type ProgressEvent =
  | { readonly type: "start"; readonly task: number; readonly title: string; readonly total: number }
  | { readonly type: "update"; readonly task: number; readonly done: number; readonly scalars?: ScalarValues }
  | { readonly type: "end"; readonly task: number }
  | { readonly type: "note"; readonly text: string };

/** Receives events in their order. */
export type ProgressSink = (event: ProgressEvent) => void;

/** Takes the reports of long work; made from a sink by `progressTo`, or `silent`. */
export interface Progress {
  /** Starts a task of `total` units (steps, files, bytes; 0 if not known) under a title such as "teacher convnet". */
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

/** Progress whose events go to the sink. */
export const progressTo = (sink: ProgressSink): Progress => {
  let tasks = 0;
  return {
    task: (title, total) => {
      const task = tasks++;
      let over = false;
      sink({ type: "start", task, title, total });
      return {
        update: (done, scalars) => {
          if (!over) sink({ type: "update", task, done, ...(scalars && { scalars }) });
        },
        done: () => {
          if (over) return;
          over = true;
          sink({ type: "end", task });
        },
      };
    },
    note: (text) => sink({ type: "note", text }),
  };
};

export const silent: Progress = progressTo(() => undefined);

/** A piece of work's number among all of its kind, from 1. */
export interface Place {
  readonly number: number;
  readonly of: number;
}

/** Progress whose titles and lines begin with a number: `student convnet: 57 %` becomes `student 3 of 9: convnet: 57 %`. */
export const numbered = (progress: Progress, kind: string, { number, of }: Place): Progress => {
  if (of < 2) return progress;
  const head = `${kind} ${number} of ${of}: `;
  const say = (text: string): string => head + (text.startsWith(`${kind} `) ? text.slice(kind.length + 1) : text);
  return { task: (title, total) => progress.task(say(title), total), note: (line) => progress.note(say(line)) };
};
