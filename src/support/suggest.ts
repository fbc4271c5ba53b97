// Suggestions for misspelt words.

/** Levenshtein distance between two words. */
const distance = (a: string, b: string): number => {
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = previous[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      current.push(Math.min(substitution, previous[j]! + 1, current[j - 1]! + 1));
    }
    previous = current;
  }
  return previous[b.length]!;
};

/** The known word closest to what was given, or undefined when nothing is close enough to be a slip of the finger. */
export const nearest = (given: string, known: readonly string[]): string | undefined => {
  const ranked = known
    .map((word) => ({ word, d: distance(given.toLowerCase(), word.toLowerCase()) }))
    .sort((a, b) => a.d - b.d);
  const best = ranked[0];
  return best && best.d <= Math.max(2, Math.floor(given.length / 3)) ? best.word : undefined;
};

/** ` (did you mean "x"?)` or nothing: to be appended to an error message. */
export const didYouMean = (given: string, known: readonly string[]): string => {
  const word = nearest(given, known);
  return word === undefined ? "" : ` (did you mean "${word}"?)`;
};
