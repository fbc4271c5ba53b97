// Schemas with messages of the form "expected X, got Y".
import { z } from "zod";

/** A value as an error message shows it. */
export const shown = (value: unknown): string => {
  if (value === undefined || value === null) return "nothing";
  const text = typeof value === "number" ? String(value) : (JSON.stringify(value) ?? String(value));
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
};

/** The parameter of a schema or of a check with which its message reads `expected X, got Y`. */
export const expected = (what: string) => ({
  error: ({ input }: { readonly input?: unknown }) => `expected ${what}, got ${shown(input)}`,
});

/** A finite number in [low, high]. */
export const numberIn = (low: number, high: number) => {
  const says = expected(`a number from ${low} to ${high}`);
  return z.number(says).min(low, says).max(high, says);
};

/** A whole number in [low, high]. */
export const wholeIn = (low: number, high: number) => {
  const says = expected(`a whole number from ${low} to ${high}`);
  return z.int(says).min(low, says).max(high, says);
};

/** Text of `least` to `most` characters. */
export const textOf = (least: number, most: number) => {
  const says = expected(`text of ${least} to ${most} characters`);
  return z.string(says).min(least, says).max(most, says);
};

/** One of a few words. */
export const wordOf = <const W extends readonly [string, ...string[]]>(words: W) =>
  z.enum(words, expected(`one of ${words.join(", ")}`));

/** A sha256 in hex. */
export const hashText = z
  .string(expected("64 hexadecimal digits"))
  .regex(/^[0-9a-f]{64}$/, expected("64 hexadecimal digits"));

/** A list of `least` to `most` values. */
export const listOf = <S extends z.ZodType>(schema: S, least: number, most: number) => {
  const says = expected(`a list of ${least} to ${most}`);
  return z.array(schema, says).min(least, says).max(most, says);
};

/** An object of these fields and no others. */
export const fieldsOf = <S extends z.ZodRawShape>(shape: S) =>
  z.strictObject(shape, expected(`the fields ${Object.keys(shape).join(", ")}`));

/** Says what is wrong with a value first, e.g. `budget.ipc: expected a whole number from 1 to 9, got 0`. */
export const firstProblem = ({ issues }: z.ZodError): string => {
  const [issue] = issues;
  if (issue === undefined) return "it does not fit";
  const path = issue.code === "unrecognized_keys" ? [...issue.path, issue.keys[0] ?? ""] : issue.path;
  const message = issue.code === "unrecognized_keys" ? "unknown field" : issue.message;
  return path.length === 0 ? message : `${path.join(".")}: ${message}`;
};
