// A test that tells a teacher's accuracy from mere guessing, and its result in words.
import { formatCount, formatTenth, listed } from "../support/format.ts";

/** Probability at most of taking mere guessing for more. */
const level = 0.01;

export type Verdict = "better" | "guessing" | "too few";

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
 * Tells whether `right` of n test images can be mere guessing that is right once in C times, by the exact one-sided binomial
 * test: `better` where guessing gets so many right less than once in 100 times; else `guessing` where n images are enough to
 * tell a network halfway between guessing and perfection, and the result itself is common among guesses (once in 10 times);
 * else `too few`.
 */
export const compareWithGuessing = (right: number, n: number, classes: number): Verdict => {
  if (classes <= 1 || n === 0) return "too few";
  const tails = tailsOf(n, 1 / classes);
  if (tails[right]! <= level) return "better";
  const halfway = Math.ceil((n * (1 + 1 / classes)) / 2);
  return tails[halfway]! <= level && tails[right]! > 10 * level ? "guessing" : "too few";
};

/** The accuracy of guessing on the same test images, and the verdict of the two. */
export interface Chance {
  /** Per cent that are of the most frequent class: nobody guesses better. */
  readonly accuracy: number;
  readonly images: number;
  readonly verdict: Verdict;
}

/** An accuracy, in per cent, beside guessing among test images of these classes. */
export const chanceOf = (accuracy: number, labels: Int32Array): Chance => {
  const counts = new Map<number, number>();
  for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1);
  const [images, most] = [labels.length, Math.max(0, ...counts.values())];
  const verdict = compareWithGuessing(Math.round((accuracy * images) / 100), images, images / most);
  return { accuracy: (100 * most) / images, images, verdict };
};

/** A teacher, as reports and memory hold it. */
interface Judged {
  readonly architecture: string;
  readonly accuracy: number;
  /** Absent of weights that were not trained here. */
  readonly epochs?: number;
  /** Absent from reports of earlier versions. */
  readonly chance?: Chance;
}

/** Advice on teachers of one verdict. */
const remedy = (teachers: readonly Judged[], verdict: Verdict): string => {
  if (verdict === "too few") return "give more test images, or train longer (--teacher-epochs)";
  return teachers.some(({ epochs }) => epochs !== undefined)
    ? "train longer (--teacher-epochs) or on more images"
    : "their outputs should be the classes in the order of the data, and --normalisation what they were trained with";
};

/** Sentences on the teachers that are no better than guessing, or are not known to be; none where all are. */
export const warningsOf = (teachers: readonly Judged[]): readonly string[] =>
  (["guessing", "too few"] as const).flatMap((verdict) => {
    const such = teachers.filter(({ chance }) => chance?.verdict === verdict);
    const chance = such[0]?.chance;
    if (chance === undefined) return [];
    const [are, they] = such.length === 1 ? ["is", "it says"] : ["are", "they say"];
    const names = listed(such.map(({ architecture, accuracy }) => `${architecture} (${formatTenth(accuracy)} %)`));
    const guess = `guessing, which gets ${formatTenth(chance.accuracy)} % of the ${formatCount(chance.images)} test images`;
    const says = {
      guessing: `${are} no better than ${guess}: what ${they} of images means little`,
      "too few": `${are} not known to be better than ${guess}: these are too few to tell`,
    }[verdict];
    return `Teacher${such.length === 1 ? "" : "s"} ${names} ${says}; ${remedy(such, verdict)}.`;
  });
