// Fields of recipes and options of methods: a schema with its default and its help in one.
import { z } from "zod";

/** The words for a field in error messages and in the help of the command line. */
export interface About {
  /** Completes "expected ...". */
  readonly expects: string;
  /** Completes a line of help. */
  readonly help: string;
  /** True for a field of a set's storage, not of its content. */
  readonly storage?: boolean;
  /** Stands for a value in the help of the command line, where its kind says too little. */
  readonly placeholder?: string;
}

export const described = <S extends z.ZodType>(
  schema: S,
  expects: string,
  help: string,
  more: Partial<About> = {},
): S => schema.meta({ expects, help, ...more });

export const whole = (least: number, help: string) =>
  described(z.int().min(least), `a whole number of at least ${least}`, help);
export const within = (least: number, most: number, help: string, more: Partial<About> = {}) =>
  described(z.int().min(least).max(most), `a whole number from ${least} to ${most}`, help, more);
export const atLeastZero = (help: string) => described(z.number().min(0), "a number of at least 0", help);
export const belowOne = (help: string) =>
  described(z.number().min(0).lt(1), "a number of at least 0 and below 1", help);
export const aboveZero = (help: string) => described(z.number().positive(), "a number above 0", help);
export const flag = (help: string) => described(z.boolean(), "true or false", help);
export const choice = <const V extends readonly [string, ...string[]]>(
  values: V,
  help: string,
  more: Partial<About> = {},
) => described(z.enum(values), `one of ${values.join(", ")}`, help, more);
export const group = <S extends z.ZodRawShape>(shape: S) =>
  described(z.strictObject(shape), `a group of the fields ${Object.keys(shape).join(", ")}`, "");
export const names = (help: string) =>
  described(z.array(z.string().min(1)).min(1), "a list of at least one architecture name", help);
export const unique = (list: readonly unknown[]): boolean => new Set(list).size === list.length;

/** Returns the words for a field; one with a default has those of the field inside it. */
export const aboutOf = (schema: z.ZodType): About => {
  const said = schema.meta() ?? (schema instanceof z.ZodDefault ? (schema.unwrap() as z.ZodType).meta() : undefined);
  return z
    .looseObject({ expects: z.string(), help: z.string(), storage: z.boolean().optional() })
    .parse(said ?? {}) as About;
};
export const text = (help: string) => described(z.string().min(1), "a word", help);
