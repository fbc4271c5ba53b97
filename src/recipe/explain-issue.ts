// The words for a field that does not fit its schema.
import type { z } from "zod";
import { shown } from "../support/schema.ts";
import { didYouMean } from "../support/suggest.ts";

/** `, in which "a" is repeated` of a list that repeats an item. */
const repetition = (got: unknown): string => {
  const repeated = Array.isArray(got) ? got.findIndex((item, i) => got.indexOf(item) < i) : -1;
  return repeated < 0 ? "" : `, in which ${shown((got as unknown[])[repeated])} is repeated`;
};

/** `expected X, got Y`, with the nearest choice where a word was misspelt; without the name of the field. */
export const explainIssue = (issue: z.core.$ZodIssue, expects: string, got: unknown): string => {
  if (issue.code === "custom" && issue.message !== "Invalid input") return issue.message;
  const words = issue.code === "invalid_value" ? issue.values.map(String) : [];
  const hint = typeof got === "string" ? didYouMean(got, words) : repetition(got);
  return `expected ${expects}, got ${shown(got)}${hint}`;
};
