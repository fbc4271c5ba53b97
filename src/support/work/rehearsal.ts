// A rehearsal: work done in short, with the time that all of it would take.

/** Jobs that take equal steps, as they were rehearsed. */
export interface RehearsedJobs {
  readonly title: string;
  readonly jobs: number;
  /** Those of them that are there already. */
  readonly done: number;
  /** Steps that a job still has; 0 where nothing is learnt. */
  readonly steps: number;
  /** Seconds of a step. */
  readonly step: number;
  /** Seconds of all that are to be done, one after the other. */
  readonly seconds: number;
  /** Jobs side by side. */
  readonly workers: number;
  /** Memory of those side by side in bytes, where it is estimated. */
  readonly memory?: number;
}

/** Decides for a loop how many of its units are done, and tells the time of the others. */
export interface Pace {
  /** True while another unit is to be done. */
  more(): boolean;
  /** Ends a unit, or several that took equally long together. */
  tick(units?: number): void;
  /** Ends the loop. */
  end(): void;
}

/** A clock that runs on by the time of what was left out. */
export interface Rehearsal {
  /** Seconds since it began, with those of what was left out. */
  seconds(): number;
  /** Adds the time of something that was left out, in seconds; a negative one takes away what would not have been done. */
  skip(seconds: number): void;
  /** The pace of a loop of `total` units; the second loop of a name does one, at the speed of the first. */
  pace(name: string, total: number, learns?: boolean): Pace;
  /** Steps of the longest loop so far that learns, and seconds of each. */
  longest(): Pick<RehearsedJobs, "steps" | "step">;
  /** A clock for work beside other work. */
  apart(): Rehearsal;
  note(jobs: RehearsedJobs): void;
  /** Whatever was found out, by name, for all clocks of one rehearsal. */
  readonly known: Map<string, unknown>;
}

/** A loop does so many units at least. */
const fewest = 3;

/** The pace of a loop whose units are all done, where there is no rehearsal. */
const whole: Pace = { more: () => true, tick: () => undefined, end: () => undefined };

export const paceOf = (rehearsal: Rehearsal | undefined, name: string, total: number, learns = false): Pace =>
  rehearsal?.pace(name, total, learns) ?? whole;

/** Settings of a rehearsal. */
export interface RehearsalOptions {
  /** Takes what is found out of jobs. */
  readonly note: (jobs: RehearsedJobs) => void;
  /** Is called after every unit. */
  readonly alive: () => void;
  /** Milliseconds that a loop goes on for at least; 500 where it is not said. */
  readonly enough?: number;
  /** A clock in milliseconds. */
  readonly now?: () => number;
}

export const rehearse = (
  options: RehearsalOptions,
  known = new Map<string, unknown>(),
  speeds = new Map<string, number>(),
): Rehearsal => {
  const { note, alive, enough = 500, now = () => performance.now() } = options;
  const began = now();
  let skipped = 0;
  let longest = { steps: 0, step: 0 };
  const skip = (seconds: number): void => {
    skipped += seconds;
  };
  const pace = (name: string, total: number, learns = false): Pace => {
    const start = now();
    /** Milliseconds at the end of each unit. */
    const ends: number[] = [];
    const speed = speeds.get(name);
    return {
      more: () => ends.length < (speed === undefined ? fewest : 1) || (speed === undefined && now() - start < enough),
      tick: (units = 1) => {
        const [last, end] = [ends.at(-1) ?? start, now()];
        for (let left = units - 1; left >= 0; left--) ends.push(end - (left * (end - last)) / units);
        alive();
      },
      end: () => {
        if (ends.length === 0) return;
        // The first unit waits for what those behind it find ready.
        const own = ends.length > 1 ? (ends.at(-1)! - ends[0]!) / (ends.length - 1) : ends[0]! - start;
        const step = speed ?? own / 1000;
        speeds.set(name, step);
        skip(Math.max(0, total - ends.length) * step);
        if (learns && total * step > longest.steps * longest.step) longest = { steps: total, step };
      },
    };
  };
  return {
    seconds: () => (now() - began) / 1000 + skipped,
    skip,
    pace,
    longest: () => longest,
    apart: () => rehearse(options, known, speeds),
    note,
    known,
  };
};

/** Seconds until the last of some jobs is done, where each of so many workers takes the next one when it is free. */
export const makespan = (seconds: readonly number[], workers: number): number => {
  const free = new Array<number>(Math.max(1, workers)).fill(0);
  for (const one of seconds) free[free.indexOf(Math.min(...free))]! += one;
  return Math.max(...free);
};
