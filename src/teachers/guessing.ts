// A test that tells a teacher's accuracy from mere guessing.

/** Probability at most of taking mere guessing for more. */
const level = 0.01;

/** P(X >= k) of X ~ Binomial(n, p), for every k from 0 to n; 0 < p < 1. */
const tailsOf = (n: number, p: number): Float64Array => {
  // From P(X = 0) on, each by the one before, in logarithms: powers of p would vanish.
  let log = n * Math.log1p(-p);
  const tails = new Float64Array(n + 1);
  for (let k = 0; k <= n; k++) {
    tails[k] = Math.exp(log);
    log += Math.log((n - k) / (k + 1)) + Math.log(p) - Math.log1p(-p);
  }
  for (let k = n - 1; k >= 0; k--) tails[k]! += tails[k + 1]!;
  return tails;
};

/**
 * Tells whether `right` of n test images can be mere guessing among C equally frequent classes, by the exact one-sided binomial
 * test: `better` where guessing gets so many right less than once in 100 times; else `guessing` where n images are enough to
 * tell a network halfway between guessing and perfection, and the result itself is common among guesses (once in 10 times);
 * else `too few`.
 */
export const compareWithGuessing = (right: number, n: number, classes: number): "better" | "guessing" | "too few" => {
  if (classes < 2 || n === 0) return "too few";
  const tails = tailsOf(n, 1 / classes);
  if (tails[right]! <= level) return "better";
  const halfway = Math.ceil((n * (1 + 1 / classes)) / 2);
  return tails[halfway]! <= level && tails[right]! > 10 * level ? "guessing" : "too few";
};
