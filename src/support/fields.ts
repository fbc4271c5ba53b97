import { z } from "zod";

/** What the error messages and the help of the command line say about a field. */
export interface About {
  /** Completes "expected ...". */
  readonly expects: string;
  /** Completes a line of help. */
  readonly help: string;
}

export const described = <S extends z.ZodType>(schema: S, expects: string, help: string): S =>
  schema.meta({ expects, help });

export const whole = (least: number, help: string) =>
  described(z.int().min(least), `a whole number of at least ${least}`, help);
export const atLeastZero = (help: string) => described(z.number().min(0), "a number of at least 0", help);
export const belowOne = (help: string) =>
  described(z.number().min(0).lt(1), "a number of at least 0 and below 1", help);
export const aboveZero = (help: string) => described(z.number().positive(), "a number above 0", help);
export const flag = (help: string) => described(z.boolean(), "true or false", help);
export const choice = <const V extends readonly [string, ...string[]]>(values: V, help: string) =>
  described(z.enum(values), `one of ${values.join(", ")}`, help);
export const group = <S extends z.ZodRawShape>(shape: S) =>
  described(z.strictObject(shape), `a group of the fields ${Object.keys(shape).join(", ")}`, "");
export const names = (help: string) =>
  described(z.array(z.string().min(1)).min(1), "a list of at least one architecture name", help);
export const unique = (list: readonly unknown[]): boolean => new Set(list).size === list.length;
