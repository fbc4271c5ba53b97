// Schemas for descriptions of images in the files of sets and teachers.
// Bounds keep a damaged or foreign file from asking for all of the memory, or for pixels that are no numbers.
import { z } from "zod";
import { expected, fieldsOf, listOf, numberIn, shown, textOf, wholeIn } from "../support/schema.ts";

/** Places of the first name that came before; composed (é) and decomposed (e and an accent) are one to whoever reads them. */
const repeated = (names: readonly string[]): readonly [number, number] | undefined => {
  const places = new Map<string, number>();
  for (const [i, name] of names.entries()) {
    const before = places.get(name.normalize("NFC"));
    if (before !== undefined) return [before, i];
    places.set(name.normalize("NFC"), i);
  }
  return undefined;
};

/** Class names, in the order of their labels. */
export const classNames = listOf(textOf(1, 1000), 1, 65_536).refine((names) => repeated(names) === undefined, {
  error: ({ input }) => {
    const names = input as readonly string[];
    const [first, second] = repeated(names)!;
    return `expected different names, got ${shown(names[second])} for class ${second} as for class ${first}`;
  },
});

export const imageSize = fieldsOf({ height: wholeIn(1, 4096), width: wholeIn(1, 4096) });

const triple = (low: number, high: number) => {
  const value = numberIn(low, high);
  return z.tuple([value, value, value], expected("three numbers"));
};

/** In units of pixel / 255: a mean lies between black and white; no deviation is far below a grey level, 1/255. */
export const normalisationValues = fieldsOf({ mean: triple(0, 1), std: triple(0.001, 1) });
