// A dry run: a command rehearsed in a copy of its folder, and what it would do, take and weigh.
import { cp, mkdir, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import type { Recipe } from "../recipe/recipe.ts";
import type { SetBytes } from "../sets/index.ts";
import { DistilleryError } from "../support/errors.ts";
import { temporaryFolder } from "../support/files.ts";
import { silent } from "../support/work/progress.ts";
import { type RehearsedJobs, rehearse } from "../support/work/rehearsal.ts";
import type { Commands, EvaluateContext, RecipeCommand } from "./commands.ts";
import { compareFolder } from "./compare/folder.ts";
import { isArtefact } from "./folder/artefacts.ts";
import { checkFree, entriesOf } from "./folder/claim.ts";
import { type RunFolder, runFolder } from "./folder/run-folder.ts";

/** A set that would be made. */
export interface PlannedSet {
  readonly name: string;
  readonly bytes: SetBytes;
}

/** The plan of a command; written as JSON by `--dry-run --json`. */
export interface DryRun {
  readonly format: "distillery-dry-run";
  readonly version: 1;
  readonly command: RecipeCommand;
  readonly out: string;
  /** In the order in which they are done. */
  readonly jobs: readonly RehearsedJobs[];
  /** Seconds of the whole command, of which all that are not of jobs go to data, labels and report. */
  readonly seconds: number;
  /** Absent where the command makes none. Images that are learnt weigh what they do before the first step. */
  readonly sets: readonly PlannedSet[];
}

/** Copies what is there already; of what is somebody else's the name alone, by which a folder is refused. */
const copyWork = async (folder: RunFolder, to: string): Promise<void> => {
  await mkdir(to);
  const ours = [folder.recipe, folder.set, ...folder.owned].map((path) => basename(path));
  for (const name of await entriesOf(folder)) {
    if (ours.includes(name) || isArtefact(name)) {
      await cp(join(folder.path, name), join(to, name), { recursive: true, verbatimSymlinks: true });
    } else await writeFile(join(to, name), "");
  }
};

/** Rows of one title as one: compare trains students of one kind on every set. */
const merged = (all: readonly RehearsedJobs[]): RehearsedJobs[] => {
  const rows = new Map<string, RehearsedJobs>();
  for (const one of all) {
    const { title } = one;
    const before = rows.get(title);
    rows.set(
      title,
      before === undefined
        ? one
        : {
            ...(one.steps > before.steps ? one : before),
            jobs: before.jobs + one.jobs,
            done: before.done + one.done,
            seconds: before.seconds + one.seconds,
          },
    );
  }
  return [...rows.values()];
};

/** The sets of a command in its folder, weighed. */
const setsOf = async (
  commands: Commands,
  command: RecipeCommand,
  recipe: Recipe,
  context: EvaluateContext,
): Promise<PlannedSet[]> => {
  switch (command) {
    case "compare":
      return (await commands.compare(recipe, context)).report.sets.map(({ folder: name, bytes }) => ({ name, bytes }));
    case "distill": {
      const { folder, bytes } = await commands.distill(recipe, context);
      return [{ name: basename(folder), bytes }];
    }
    case "run": {
      const { report, files } = await commands.run(recipe, context);
      return [{ name: basename(files.set!), bytes: report.bytes }];
    }
    default:
      await commands[command](recipe, context);
      return [];
  }
};

/** The folder of a command. */
const folderOf = (command: RecipeCommand, out: string): RunFolder =>
  command === "compare" ? compareFolder(out) : runFolder(out);

/**
 * Rehearses a command: all that it does is done in a copy of its folder, loops a few units long, and nothing is written into
 * its own. `note` is told of the jobs; `enough`: milliseconds that each loop goes on for at least. @throws what the command
 * itself would throw before it computes anything, and the same where a first step fails.
 */
export const rehearseCommand = async <Context extends EvaluateContext, T>(
  command: RecipeCommand,
  context: Context,
  note: (jobs: RehearsedJobs) => void,
  work: (context: Context) => Promise<T>,
  enough?: number,
): Promise<{ readonly found: T; readonly seconds: number }> => {
  const folder = folderOf(command, context.out);
  await checkFree(folder);
  const place = await temporaryFolder("distillery-dry-run-");
  const out = join(place, "out");
  const bar = context.progress.task("timing the first steps of each kind", 0);
  let units = 0;
  try {
    await copyWork(folder, out);
    const rehearsal = rehearse({
      note,
      alive: () => bar.update(++units),
      ...(enough !== undefined && { enough }),
    });
    const found = await work({ ...context, out, progress: silent, rehearsal });
    return { found, seconds: rehearsal.seconds() };
  } catch (error) {
    if (!(error instanceof DistilleryError)) throw error;
    throw new DistilleryError(error.code, error.message.replaceAll(out, folder.path), { cause: error });
  } finally {
    bar.done();
    await rm(place, { recursive: true, force: true });
  }
};

/** The plan of a command, by a rehearsal. @throws as `rehearseCommand`. */
export const dryRun = async (
  commands: Commands,
  command: RecipeCommand,
  recipe: Recipe,
  context: EvaluateContext,
  enough?: number,
): Promise<DryRun> => {
  const jobs: RehearsedJobs[] = [];
  const note = (one: RehearsedJobs): void => void jobs.push(one);
  const sets = (copy: EvaluateContext): Promise<PlannedSet[]> => setsOf(commands, command, recipe, copy);
  const { found, seconds } = await rehearseCommand(command, context, note, sets, enough);
  const out = folderOf(command, context.out).path;
  return { format: "distillery-dry-run", version: 1, command, out, jobs: merged(jobs), seconds, sets: found };
};
