// JSON Schemas of the reports, for programs in other languages.
import { z } from "zod";
import { comparisonSchema, reportSchema } from "./schema.ts";

/** Names of the schemas, which `$schema` of a report says; they change with the version of its form. */
export const schemaIds = {
  report: "urn:distillery:report:1",
  comparison: "urn:distillery:comparison:1",
} as const;

const schemas = { report: reportSchema, comparison: comparisonSchema } as const;

/** A report's JSON Schema, as it is kept in schemas/. */
export const jsonSchemaOf = (name: keyof typeof schemas): Readonly<Record<string, unknown>> => ({
  $id: schemaIds[name],
  title: `${name}.json of distillery`,
  ...z.toJSONSchema(schemas[name]),
});
