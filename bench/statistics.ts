/** The q-quantile (0..1) of some numbers, linear between neighbours; NaN of none. */
export const quantile = (numbers: readonly number[], q: number): number => {
  const sorted = numbers.toSorted((a, b) => a - b);
  const place = q * (sorted.length - 1);
  const [below, above] = [sorted[Math.floor(place)], sorted[Math.ceil(place)]];
  return below === undefined || above === undefined ? Number.NaN : below + (above - below) * (place % 1);
};

export const median = (numbers: readonly number[]): number => quantile(numbers, 0.5);

/** How many times longer one side takes than the other. */
export interface Ratio {
  /** Ratio of the medians of all samples. */
  readonly value: number;
  /** Ratio of the medians round by round, since a machine's speed drifts; rounds in which a side has no sample are left out. */
  readonly rounds: readonly number[];
}

/** Samples of both sides, a list for each round; undefined where a side has none at all. */
export const ratioOf = (
  theirs: readonly (readonly number[])[],
  ours: readonly (readonly number[])[],
): Ratio | undefined => {
  const value = median(theirs.flat()) / median(ours.flat());
  const rounds = theirs.map((samples, i) => median(samples) / median(ours[i] ?? [])).filter(Number.isFinite);
  return Number.isFinite(value) ? { value, rounds } : undefined;
};

/** To two decimals, as files and tables want it. */
export const rounded = (n: number, digits = 2): number => Math.round(n * 10 ** digits) / 10 ** digits;
