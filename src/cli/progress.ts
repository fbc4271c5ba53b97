// Progress as bars on a terminal and as lines in a log.
import { MultiBar, type SingleBar } from "cli-progress";
import { formatCount, formatSeconds } from "../support/format.ts";
import type { ProgressSink, ScalarValues } from "../support/work/progress.ts";
import { isTerminal, type Output, widthOf } from "./output.ts";

/** Draws events; `close` takes what is left of them off the screen and lets the process end. */
export interface ProgressDrawing {
  readonly draw: ProgressSink;
  close(): void;
}

/** Milliseconds: a task shorter than `patience` is never shown; a piped log gets a line every `interval`. */
const patience = 2_000;
const interval = 30_000;

interface Standing {
  readonly title: string;
  readonly total: number;
  readonly done: number;
  readonly scalars: ScalarValues;
  /** Seconds that are left, once they can be told. */
  readonly left: number | undefined;
}

/** A task as it is shown, from its start to its end. */
interface ShownTask {
  update(standing: Standing): void;
  end(): void;
}

/** The surface that events are drawn on. */
interface Screen {
  /** Begins to show a task that starts at a time. */
  open(title: string, start: number): ShownTask;
  note(text: string): void;
  close(): void;
}

const percent = ({ done, total }: Standing): string => (total > 0 ? `${Math.floor((100 * done) / total)} %` : "");
const left = ({ left }: Standing): string => (left === undefined ? "" : `${formatSeconds(left)} left`);
const measured = ({ scalars }: Standing): string =>
  Object.entries(scalars)
    .map(([name, value]) => `${name} ${Number.isInteger(value) ? formatCount(value) : value.toPrecision(3)}`)
    .join(", ");
const spaced = (...words: readonly string[]): string => words.filter((word) => word !== "").join("  ");

const barWidth = 24;

/** One line of a terminal, cut so that it never wraps: bars are redrawn line by line. */
const drawn = (standing: Standing, width: number): string => {
  const share = standing.total > 0 ? Math.min(1, standing.done / standing.total) : 0;
  const full = Math.round(share * barWidth);
  const bar = "#".repeat(full) + "-".repeat(barWidth - full);
  return spaced(standing.title, `[${bar}]`, percent(standing).padStart(5), left(standing), measured(standing)).slice(
    0,
    width - 1,
  );
};

/** One line of a log. */
const logged = (standing: Standing): string => {
  const of = standing.total > 0 ? `${formatCount(standing.done)} of ${formatCount(standing.total)}` : "";
  const said = spaced(of, percent(standing), left(standing), measured(standing)).replaceAll("  ", ", ");
  return `${standing.title}: ${said || "under way"}`;
};

/** Follows a task's standing, with the time left reckoned from its first update: a resumed task starts in the middle. */
const standings = (title: string, total: number, now: () => number) => {
  let first: { readonly done: number; readonly at: number } | undefined;
  return (done: number, scalars: ScalarValues): Standing => {
    first ??= { done, at: now() };
    const gained = done - first.done;
    const seconds = (now() - first.at) / 1000;
    const known = gained > 0 && seconds > 0 && total >= done;
    return { title, total, done, scalars, left: known ? (seconds / gained) * (total - done) : undefined };
  };
};

const terminal = (output: Output, now: () => number): Screen => {
  let bars: MultiBar | undefined;
  let shown = 0;
  const close = (): void => {
    bars?.stop();
    bars = undefined;
    shown = 0;
  };
  const show = (standing: Standing): SingleBar => {
    bars ??= new MultiBar({
      stream: output,
      clearOnComplete: true,
      // The cursor and line wrapping stay as they are, so that a killed process leaves a sound terminal.
      hideCursor: false,
      linewrap: true,
      format: (_options, _params, payload: Standing) => drawn(payload, widthOf(output)),
    });
    shown++;
    return bars.create(Math.max(standing.total, 1), standing.done, standing);
  };
  return {
    open: (_title, start) => {
      let bar: SingleBar | undefined;
      return {
        update: (standing) => {
          if (bar !== undefined) bar.update(standing.done, standing);
          else if (now() - start >= patience) bar = show(standing);
        },
        end: () => {
          if (bar === undefined || bars === undefined) return;
          if (--shown === 0) close();
          else bars.remove(bar);
        },
      };
    },
    note: (text) => {
      if (bars === undefined) output.write(`${text}\n`);
      else {
        bars.log(`${text}\n`);
        bars.update();
      }
    },
    close,
  };
};

const log = (output: Output, now: () => number): Screen => {
  const active = new Set<string>();
  /** Tasks that ended and whose result may follow, with the milliseconds that they took. */
  const ended = new Map<string, { readonly took: number; readonly at: number }>();
  const say = (line: string): void => void output.write(`${line}\n`);
  /** Says of those whose result does not follow that they ended. */
  const flush = (always: boolean): void => {
    for (const [title, { took, at }] of ended) {
      const waits = now() - at < patience || [...active].some((other) => other.startsWith(title));
      if (waits && !always) continue;
      ended.delete(title);
      say(`${title}: ended after ${formatSeconds(took / 1000)}`);
    }
  };
  return {
    open: (title, start) => {
      let last = start;
      active.add(title);
      flush(false);
      return {
        update: (standing) => {
          flush(false);
          if (now() - last < interval) return;
          last = now();
          say(logged(standing));
        },
        end: () => {
          active.delete(title);
          const took = now() - start;
          // A part of what goes on is not worth a line.
          const part = [...active].some((one) => title.startsWith(`${one}: `));
          if (took >= patience && !part) ended.set(title, { took, at: now() });
        },
      };
    },
    note: (text) => {
      const title = [...ended.keys()].find((one) => text.startsWith(`${one}: `));
      const took = title === undefined ? undefined : ended.get(title)!.took;
      // Its test, which took its time too, is told by the result.
      if (title !== undefined) for (const one of ended.keys()) if (one.startsWith(title)) ended.delete(one);
      flush(false);
      say(took === undefined ? text : `${text} (${formatSeconds(took / 1000)})`);
    },
    close: () => flush(true),
  };
};

/** Passes over all events. */
export const undrawn: ProgressDrawing = { draw: () => undefined, close: () => undefined };

/** Bars with the time left on a terminal, a line now and then in a log. `now` is a clock in milliseconds. */
export const drawProgress = (output: Output, now: () => number = () => performance.now()): ProgressDrawing => {
  const screen = isTerminal(output) ? terminal(output, now) : log(output, now);
  /** Tasks that started and did not end; events of any other are passed over. */
  const tasks = new Map<number, ShownTask & { readonly stand: ReturnType<typeof standings> }>();
  return {
    draw: (event) => {
      switch (event.type) {
        case "start": {
          const { title, total } = event;
          tasks.set(event.task, { ...screen.open(title, now()), stand: standings(title, total, now) });
          break;
        }
        case "update": {
          const task = tasks.get(event.task);
          task?.update(task.stand(event.done, event.scalars ?? {}));
          break;
        }
        case "end":
          tasks.get(event.task)?.end();
          tasks.delete(event.task);
          break;
        case "note":
          screen.note(event.text);
          break;
      }
    },
    close: screen.close,
  };
};
