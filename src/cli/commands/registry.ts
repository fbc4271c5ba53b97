// All commands, in the order of the help.
import type { CliCommand } from "../command.ts";
import { compare } from "./compare.ts";
import { completion } from "./completion.ts";
import { data } from "./data.ts";
import { distill } from "./distill.ts";
import { evaluate } from "./evaluate.ts";
import { exporting } from "./export.ts";
import { help } from "./help.ts";
import { inspect } from "./inspect.ts";
import { push } from "./push.ts";
import { recipes } from "./recipes.ts";
import { run } from "./run.ts";
import { teach } from "./teach.ts";
import { train } from "./train.ts";
import { verify } from "./verify.ts";
import { work } from "./work.ts";

/** The commands under the headings of the help. */
export const commandGroups: readonly { readonly heading: string; readonly commands: readonly CliCommand[] }[] = [
  { heading: "The path, whole or in parts:", commands: [run, teach, distill, compare, evaluate] },
  { heading: "Many machines:", commands: [work] },
  { heading: "Using a set:", commands: [train, exporting, push] },
  { heading: "Looking at things:", commands: [inspect, verify, recipes, data, help, completion] },
];
