// The plan of a command: its jobs by number, in a file that every machine reads.
import { join } from "node:path";
import { z } from "zod";
import { parseRecipe } from "../../pipeline/recipe/parse.ts";
import type { Recipe } from "../../recipe/recipe.ts";
import { DistilleryError } from "../../support/errors.ts";
import { codeOf, readRegularFile, reasonOf, writeJson } from "../../support/files.ts";
import { keyOf } from "../../support/key.ts";
import { version } from "../../support/version.ts";

const count = z.int().min(0);

const jobSchema = z.strictObject({
  index: count,
  stage: count,
  /** The piece of the command that it belongs to; absent of those before all pieces. */
  piece: z.exactOptional(z.string()),
  kind: z.string(),
  /** Relative to the folder of the command; with the name it tells the job from all others. */
  folder: z.string(),
  name: z.string(),
  /** Steps or images. */
  cost: z.number(),
  /** By estimate, on the machine that made the plan. */
  seconds: z.number(),
  /** Bytes of a process that does it, by estimate. */
  memory: z.number(),
});

/** Jobs that need nothing but what stages before theirs make: numbers `from` to `to`. */
const stageSchema = z.strictObject({
  stage: count,
  from: count,
  to: count,
  /** Stages that must have ended. */
  after: z.array(count),
  /** Seconds and bytes of its longest and its largest job. */
  seconds: z.number(),
  memory: z.number(),
});

const planned = ["run", "teach", "distill", "compare"] as const;

const planSchema = z.strictObject({
  format: z.literal("distillery-plan"),
  version: z.literal(1),
  /** The program's version. */
  distillery: z.string(),
  command: z.enum(planned),
  /** As it was given, completed with defaults. */
  recipe: z.record(z.string(), z.unknown()),
  archive: z.exactOptional(z.string()),
  maxPixels: z.exactOptional(z.int()),
  /** Digest of the data. */
  fingerprint: z.string(),
  /** Threads of a job. */
  threads: z.int().min(1),
  stages: z.array(stageSchema).min(1),
  jobs: z.array(jobSchema).min(1),
});

export type Plan = z.infer<typeof planSchema>;
export type PlannedJob = z.infer<typeof jobSchema>;
export type PlannedCommand = Plan["command"];

/** The commands that can be planned. */
export const plannedCommands: readonly PlannedCommand[] = planned;

/** The file in a plan's folder. */
export const planFile = (folder: string): string => join(folder, "plan.json");

/** The place of results where no other is named. */
export const artefactsBeside = (folder: string): string => join(folder, "artefacts");

/** Tells a plan from all others; estimates do not count. */
export const planId = ({ stages: _, jobs, ...rest }: Plan): string =>
  keyOf({ ...rest, jobs: jobs.map(({ piece, folder, name }) => [piece ?? null, folder, name]) });

/** Everything that the command of a plan is told besides its recipe and where to work. */
export const toldOf = ({ threads, archive, maxPixels }: Plan) => ({
  threads,
  ...(archive !== undefined && { archive }),
  ...(maxPixels !== undefined && { maxPixels }),
});

/** Words for a job: its number, and the file that it makes. */
export const describeJob = ({ index, folder, name }: Pick<PlannedJob, "index" | "folder" | "name">): string =>
  `${index} (${folder}/${name})`;

const wrong = (file: string, why: string, cause?: unknown): DistilleryError =>
  new DistilleryError("USAGE", `${file}: ${why}`, { cause });

const again = "remove it and make it again with `distillery plan`";

/** The plan in a folder; undefined where there is no such file. @throws USAGE where it is none. */
export const findPlan = async (folder: string): Promise<Plan | undefined> => {
  const file = planFile(folder);
  let value: unknown;
  try {
    value = JSON.parse(String(await readRegularFile(file)));
  } catch (cause) {
    if (codeOf(cause) === "ENOENT") return undefined;
    const why = cause instanceof SyntaxError ? "is cut short or damaged" : `cannot be read: ${reasonOf(cause)}`;
    throw wrong(file, `${why}; ${again}`, cause);
  }
  const head = z.looseObject({ format: z.literal("distillery-plan"), version: z.int() }).safeParse(value);
  if (!head.success) throw wrong(file, "is not a plan of distillery; name the folder that `distillery plan` made");
  if (head.data.version > 1) {
    throw wrong(
      file,
      `is a plan of version ${head.data.version}, newer than this program; install the one that made it`,
    );
  }
  const { data, error } = planSchema.safeParse(value);
  if (data === undefined || data.jobs.some(({ index }, i) => index !== i)) {
    throw wrong(file, `is damaged${error === undefined ? "" : ` at ${error.issues[0]!.path.join(".")}`}; ${again}`);
  }
  return data;
};

/** The plan in a folder. @throws USAGE where there is none, or one that this program cannot do. */
export const readPlan = async (folder: string): Promise<Plan> => {
  const plan = await findPlan(folder);
  if (plan === undefined) throw wrong(planFile(folder), "no such plan; make one with `distillery plan ... --out`");
  if (plan.distillery !== version()) {
    const versions = `was made by distillery ${plan.distillery}, this is ${version()}`;
    throw wrong(
      planFile(folder),
      `${versions}; one version does all jobs of a plan: install that one, or make the plan anew`,
    );
  }
  return plan;
};

/** The recipe of a plan. */
export const recipeOf = ({ recipe }: Plan, folder: string): Recipe => parseRecipe(recipe, planFile(folder));

/** Writes a plan into a folder, where the same plan may be already. @throws USAGE where another is. */
export const writePlan = async (folder: string, plan: Plan): Promise<void> => {
  const there = await findPlan(folder);
  if (there !== undefined && planId(there) !== planId(plan)) {
    throw new DistilleryError("USAGE", `--out ${folder} holds the plan of other work; choose another folder`);
  }
  await writeJson(planFile(folder), plan);
};
