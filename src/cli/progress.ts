import { MultiBar, type SingleBar } from "cli-progress";
import { formatCount, formatSeconds } from "../support/format.ts";
import type { Progress, ScalarValues } from "../support/progress.ts";
import { isTerminal, type Output, widthOf } from "./output.ts";

/** Progress that is drawn; `close` takes what is left of it off the screen and lets the process end. */
export interface DrawnProgress extends Progress {
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

const percent = ({ done, total }: Standing): string => (total > 0 ? `${Math.floor((100 * done) / total)} %` : "");
const left = ({ left }: Standing): string => (left === undefined ? "" : `${formatSeconds(left)} left`);
const measured = ({ scalars }: Standing): string =>
  Object.entries(scalars)
    .map(([name, value]) => `${name} ${value.toPrecision(3)}`)
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
  return `${standing.title}: ${spaced(of, percent(standing), left(standing), measured(standing)).replaceAll("  ", ", ")}`;
};

/** Where a task stands, with the time left reckoned from its first update: a resumed task starts in the middle. */
const standings = (
  title: string,
  total: number,
  now: () => number,
): ((done: number, scalars: ScalarValues) => Standing) => {
  let first: { readonly done: number; readonly at: number } | undefined;
  return (done, scalars) => {
    first ??= { done, at: now() };
    const gained = done - first.done;
    const seconds = (now() - first.at) / 1000;
    const known = gained > 0 && seconds > 0 && total >= done;
    return { title, total, done, scalars, left: known ? (seconds / gained) * (total - done) : undefined };
  };
};

const onTerminal = (output: Output, now: () => number): DrawnProgress => {
  let bars: MultiBar | undefined;
  let shown = 0;
  const close = (): void => {
    bars?.stop();
    bars = undefined;
    shown = 0;
  };
  const draw = (standing: Standing): SingleBar => {
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
    task: (title, total) => {
      const start = now();
      const stand = standings(title, total, now);
      let bar: SingleBar | undefined;
      let over = false;
      return {
        update: (done, scalars = {}) => {
          if (over) return;
          const standing = stand(done, scalars);
          if (bar !== undefined) bar.update(done, standing);
          else if (now() - start >= patience) bar = draw(standing);
        },
        done: () => {
          if (over) return;
          over = true;
          if (bar === undefined || bars === undefined) return;
          if (--shown === 0) close();
          else bars.remove(bar);
        },
      };
    },
    note: (line) => {
      if (bars === undefined) output.write(`${line}\n`);
      else {
        bars.log(`${line}\n`);
        bars.update();
      }
    },
    close,
  };
};

const inLog = (output: Output, now: () => number): DrawnProgress => ({
  task: (title, total) => {
    const start = now();
    const stand = standings(title, total, now);
    let last = start;
    let over = false;
    return {
      update: (done, scalars = {}) => {
        const standing = stand(done, scalars);
        if (over || now() - last < interval) return;
        last = now();
        output.write(`${logged(standing)}\n`);
      },
      done: () => {
        if (over) return;
        over = true;
        const seconds = (now() - start) / 1000;
        if (seconds * 1000 >= patience) output.write(`${title}: ended after ${formatSeconds(seconds)}\n`);
      },
    };
  },
  note: (line) => {
    output.write(`${line}\n`);
  },
  close: () => undefined,
});

/** Bars with the time left on a terminal, a line now and then in a log. `now` is a clock in milliseconds. */
export const drawProgress = (output: Output, now: () => number = () => performance.now()): DrawnProgress =>
  isTerminal(output) ? onTerminal(output, now) : inLog(output, now);
