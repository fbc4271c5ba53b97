// Axes with round ticks, linear or logarithmic.

/** An axis: maps values to 0..1 and says where to put its ticks. */
export interface Scale {
  readonly position: (value: number) => number;
  readonly ticks: readonly number[];
}

/** Steps of 1, 2 or 5 times a power of ten, about `count` of them over the range. */
const niceStep = (range: number, count: number): number => {
  const raw = range / count;
  const power = 10 ** Math.floor(Math.log10(raw));
  const lead = raw / power;
  return power * (lead < 1.5 ? 1 : lead < 3.5 ? 2 : lead < 7.5 ? 5 : 10);
};

const multiples = (low: number, high: number, step: number): number[] => {
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => Number(((first + i) * step).toPrecision(12)));
};

/** A linear axis over exactly [low, high]; a range of zero is opened by one to either side. */
export const linearScale = (low: number, high: number, count = 5): Scale => {
  const [a, b] = high > low ? [low, high] : [low - 1, high + 1];
  return { position: (value) => (value - a) / (b - a), ticks: multiples(a, b, niceStep(b - a, count)) };
};

/** A linear axis whose ends are ticks, containing [low, high] and clipped to `bounds`. */
export const niceScale = (low: number, high: number, bounds: readonly [number, number], count = 6): Scale => {
  const step = niceStep(Math.max(high - low, 1), count);
  const a = Math.max(bounds[0], Math.floor(low / step) * step);
  const b = Math.min(bounds[1], Math.ceil(high / step) * step);
  return linearScale(a, b, count);
};

/**
 * A logarithmic axis over [low, high], both positive: ticks at powers of ten, at 1, 2, 5 where those are too few, or, over a
 * short range, at equal steps.
 */
export const logScale = (low: number, high: number): Scale => {
  const [a, b] = [Math.log10(low), Math.log10(high > low ? high : low * 10)];
  const every = Math.max(1, Math.ceil((b - a) / 6));
  const powers = multiples(a, b, every).map((power) => 10 ** power);
  const between = multiples(Math.floor(a), Math.ceil(b), 1).flatMap((power) => [1, 2, 5].map((n) => n * 10 ** power));
  const dense = between.filter((tick) => Math.log10(tick) >= a - 1e-9 && Math.log10(tick) <= b + 1e-9);
  const [first, last] = [10 ** a, 10 ** b];
  const fewer = dense.length >= 3 ? dense : multiples(first, last, niceStep(last - first, 4));
  return { position: (value) => (Math.log10(value) - a) / (b - a), ticks: powers.length >= 3 ? powers : fewer };
};

/** A logarithmic axis over a little more than [low, high], both positive: ticks at `high` and its halves, rounded down. */
export const halvingScale = (low: number, high: number): Scale => {
  const halvings = Math.floor(Math.log2(high / low) + 1e-9);
  const ticks = Array.from({ length: halvings + 1 }, (_, i) => Math.floor(high / 2 ** i));
  return { position: logScale(low / 1.15, high * 1.15).position, ticks };
};
