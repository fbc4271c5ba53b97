// The sums that a narrow convolution's results are needed for.
import type { Value } from "../value.ts";

/** scale * rest + gain * z + offset, channel by channel (each [K]), of a convolution's result z and one other tensor. */
export interface Combination {
  readonly rest?: Value | undefined;
  readonly scale: Value;
  readonly gain: Value;
  readonly offset: Value;
}

/** Sums over N, H, W of combinations with a convolution's result z = w * x + b, computed without z. */
export interface ResultMoments {
  /** channelSum(v): [K]. */
  sum(v: Combination): Value;
  /** channelDot(v, u), where u has no rest: [K]. */
  dot(v: Combination, u: Combination): Value;
  /** The convolution's filter gradient for the cotangent v: [K, C, kh, kw]. */
  filterGradient(v: Combination): Value;
  /** Its image gradient, [N, C, H, W], where that is less work than z. */
  imageGradient?(v: Combination): Value;
}
