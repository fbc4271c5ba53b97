// Short and full names of classes.
import type { NamedClass } from "../evaluation/rows.ts";

/** The everyday name of a class, or else its name in the data. */
export const shortName = ({ className, words }: NamedClass): string => words ?? className;

/** Both, where they differ: "goldfish, Carassius auratus (n01443537)". Two classes may be called the same. */
export const fullName = ({ className, words }: NamedClass): string =>
  words === undefined || words === className ? className : `${words} (${className})`;
