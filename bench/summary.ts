import type { Measurement } from "./measure.ts";
import { median, quantile, type Ratio, ratioOf, rounded } from "./statistics.ts";

/** All that was measured of one program under one setting, a measurement for each round. */
export interface Side {
  readonly setting: string;
  readonly rounds: readonly (Measurement | undefined)[];
  /** Why it could not be measured. */
  readonly failure?: string;
}

export interface SideSummary {
  readonly setting: string;
  readonly median: number;
  readonly quartiles: readonly [number, number];
  readonly min: number;
  readonly max: number;
  /** Accepted samples, and those dropped since other processes disturbed them. */
  readonly n: number;
  readonly dropped: number;
  readonly firstStepMs: number;
  readonly peakMiB: number;
  /** How many times as long as ours. */
  readonly ratio?: Ratio;
  /** Milliseconds, round by round. */
  readonly samples: readonly (readonly number[])[];
  readonly failure?: string;
}

export interface WorkSummary {
  readonly work: string;
  readonly gflop: number;
  readonly ours: SideSummary;
  readonly torch: readonly SideSummary[];
  /** The rival's setting with the fastest median. */
  readonly best?: string;
}

const samplesOf = (side: Side): (readonly number[])[] => side.rounds.map((round) => round?.samples ?? []);

const summariseSide = (side: Side, ours?: Side): SideSummary => {
  const samples = samplesOf(side);
  const all = samples.flat();
  const measured = side.rounds.filter((round) => round !== undefined);
  const ratio = ours && ratioOf(samples, samplesOf(ours));
  const at = (q: number): number => rounded(quantile(all, q));
  return {
    setting: side.setting,
    median: at(0.5),
    quartiles: [at(0.25), at(0.75)],
    min: at(0),
    max: at(1),
    n: all.length,
    dropped: measured.reduce((n, { dropped }) => n + dropped, 0),
    firstStepMs: rounded(median(measured.map(({ firstStepMs }) => firstStepMs)), 0),
    peakMiB: rounded(median(measured.map(({ peakMiB }) => peakMiB)), 0),
    ...(ratio ? { ratio: { value: rounded(ratio.value, 3), rounds: ratio.rounds.map((r) => rounded(r, 3)) } } : {}),
    samples,
    ...(side.failure === undefined ? {} : { failure: side.failure }),
  };
};

export const summarise = (work: string, ours: Side, torch: readonly Side[]): WorkSummary => {
  const rivals = torch.map((side) => summariseSide(side, ours));
  const measured = rivals.filter(({ n }) => n > 0).toSorted((a, b) => a.median - b.median);
  return {
    work,
    gflop: ours.rounds.find((round) => round !== undefined)?.gflop ?? 0,
    ours: summariseSide(ours),
    torch: rivals,
    ...(measured[0] ? { best: measured[0].setting } : {}),
  };
};
