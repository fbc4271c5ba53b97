// Lists of the values that a field of the recipe can have, for shells to complete.
import { z } from "zod";
import { listSources } from "../data/sources/source.ts";
import { architectureExamples } from "../models/registry.ts";
import { methodNames } from "../pipeline/recipe/method.ts";
import type { RecipeField } from "../pipeline/recipe/schema.ts";

/** Names of data sets that are no folders. */
export const sourceNames: readonly string[] = listSources()
  .map(({ name }) => name)
  .filter((name) => !name.startsWith("<"));

/** Values of fields whose schema takes more than can be listed. */
const examples: Readonly<Record<string, readonly string[]>> = {
  data: sourceNames,
  method: methodNames,
  "compare.methods": methodNames,
  teachers: architectureExamples,
  students: architectureExamples,
};

const enumerated = (schema: unknown): readonly string[] => {
  if (schema instanceof z.ZodExactOptional) return enumerated(schema.unwrap());
  if (schema instanceof z.ZodArray) return enumerated(schema.element);
  return schema instanceof z.ZodEnum ? schema.options.map(String) : [];
};

export const valuesOf = ({ path, schema }: RecipeField): readonly string[] =>
  examples[path.join(".")] ?? enumerated(schema);
