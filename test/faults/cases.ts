import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildPrograms, programsIn } from "../programs/build.ts";
import { type Case, type Outcome, sceneIn } from "./cases/case.ts";
import { folders } from "./cases/folders.ts";
import { hostile } from "./cases/hostile.ts";
import { pictures } from "./cases/pictures.ts";
import { words } from "./cases/words.ts";

// Tries cases that were reported: FOLDER holds a folder of inputs for each, as they are named in cases/*.ts.
// Prints ok or WRONG, the case, and the first line of what the program said; ends with status 1 when any is wrong.
//
//   npx tsx test/faults/cases.ts FOLDER [NAME ...]

const all: Readonly<Record<string, Case>> = { ...pictures, ...folders, ...words, ...hostile };

const [given, ...names] = process.argv.slice(2);
if (given === undefined) throw new RangeError("usage: npx tsx test/faults/cases.ts FOLDER [NAME ...]");

const scratch = await mkdtemp(join(tmpdir(), "distillery-cases-"));

/** One case in a copy of all inputs, so that none meets what another left. */
const attempt = async (name: string, program: string): Promise<Outcome> => {
  const copy = await mkdtemp(join(scratch, "case-"));
  await cp(given, copy, { recursive: true, mode: 0 });
  const [folder = ""] = name.split("/");
  try {
    return await all[name]!(sceneIn(join(copy, folder), program));
  } catch (error) {
    return { good: false, said: `cannot be tried: ${error instanceof Error ? error.message : String(error)}` };
  }
};

const verdicts = { true: "ok      ", false: "WRONG   ", "left out": "left out" } as const;

try {
  await buildPrograms(join(scratch, "built"));
  const { main } = programsIn(join(scratch, "built"));
  let wrong = 0;
  for (const name of Object.keys(all).sort()) {
    if (names.length > 0 && !names.includes(name)) continue;
    const { good, said } = await attempt(name, main);
    if (good === false) wrong++;
    process.stdout.write(`${verdicts[`${good}`]}  ${name.padEnd(42)}  ${said.replaceAll(scratch, "").slice(0, 220)}\n`);
  }
  process.stdout.write(`${wrong} wrong\n`);
  process.exitCode = wrong === 0 ? 0 : 1;
} finally {
  await rm(scratch, { recursive: true, force: true });
}
