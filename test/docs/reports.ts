// Page of docs/reports.md, whose fields are read off the schemas.
import { jsonSchemaOf } from "../../src/evaluation/json-schema.ts";

/** The part of a JSON Schema that is told. */
interface Node {
  readonly type?: string;
  readonly description?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Node[];
  readonly properties?: Readonly<Record<string, Node>>;
  readonly required?: readonly string[];
  readonly items?: Node;
  readonly additionalProperties?: Node | boolean;
}

const typeOf = (node: Node): string => {
  if (node.const !== undefined) return JSON.stringify(node.const);
  if (node.enum) return node.enum.map((value) => JSON.stringify(value)).join(" or ");
  if (node.anyOf) return node.anyOf.map(typeOf).join(" or ");
  if (node.type === "array") return `list of ${typeOf(node.items ?? {})}`;
  if (node.type === "object" && typeof node.additionalProperties === "object")
    return `any names to ${typeOf(node.additionalProperties)}`;
  return node.type ?? "anything";
};

/** A line for every field, those inside behind their own: `rows[].accuracy.mean`. */
const fieldsOf = (node: Node, path = ""): string[] => {
  const inside = node.type === "array" ? node.items : node;
  const here = node.type === "array" ? `${path}[]` : path;
  return Object.entries(inside?.properties ?? {}).flatMap(([name, field]) => {
    const at = here === "" ? name : `${here}.${name}`;
    const optional = inside?.required?.includes(name) ? "" : ", may be absent";
    return [`| \`${at}\` | ${typeOf(field)}${optional} | ${field.description ?? ""} |`, ...fieldsOf(field, at)];
  });
};

const table = (name: Parameters<typeof jsonSchemaOf>[0], seen: readonly string[] = []): string =>
  ["| field | type | |", "|---|---|---|", ...fieldsOf(jsonSchemaOf(name)).filter((line) => !seen.includes(line))].join(
    "\n",
  );

export const reportsPage = (): string => `# Reports as data

\`run\` and \`evaluate\` leave \`report.json\`, \`compare\` leaves \`comparison.json\`; \`--json\` prints the same. Their pages are drawn from
nothing else. Fields below, and [report.schema.json](../schemas/report.schema.json) and
[comparison.schema.json](../schemas/comparison.schema.json), are written by \`WRITE_DOCS=1 npx vitest run test/docs\` from the program's
own schema; every file says in \`$schema\` the \`$id\` of its own. Older files hold less; pages are drawn from them all the same.

Accuracies are per cent, differences percentage points, seconds seconds, bytes bytes. The last step counts; nothing is chosen by the test set.

\`\`\`
# the table of accuracies
jq -r '.rows[] | [.method, .labels, .student, .accuracy.mean] | @tsv' report.json
# how many times faster a student is trained on the set than on all the data
jq '([.rows[] | select(.method == "full")][0].seconds) / .rows[0].seconds' report.json
# the five classes that the first row learns worst
jq -r '[.data.classNames, .rows[0].byClass] | transpose | sort_by(.[1]) | .[:5][] | @tsv' report.json
\`\`\`

A row, with one student:

\`\`\`json
{
  "method": "infer", "labels": "static", "student": "convnet32x3", "images": 240, "steps": 320,
  "accuracy": { "values": [57.1], "mean": 57.1, "std": 0 },
  "marks": [{ "share": 0.125, "steps": 40, "accuracy": { "values": [31.4], "mean": 31.4, "std": 0 } }],
  "byClass": [61.0, 48.5, null],
  "seconds": 6.214
}
\`\`\`

**Verdicts** are not stored: a difference of two rows is clear where the 95 % Welch interval of their means, from \`values\`, excludes zero.
**\`retained\`** has what papers cite. \`share\` is the accuracy as a part of that on all the data. \`improvement\` and \`recovery\` are IOR and HLR of
DD-Ranking (arXiv 2505.13300), from rows of this report: with this program's students and augmentation, not with theirs, so they stand beside
each other but not in its leaderboard. **\`seconds\`** of a row are of training alone, as students ran side by side; they lie beside each student's
result (\`NAME-seconds.json\`), for results have the same bytes however long they took.

## report.json

${table("report")}

## comparison.json

Fields of the same name, form and meaning as above are left out.

${table("comparison", fieldsOf(jsonSchemaOf("report")))}
`;
