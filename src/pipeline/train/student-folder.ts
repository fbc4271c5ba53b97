// The folder of a student that was trained on a set, and claiming it.
import { join } from "node:path";
import { z } from "zod";
import type { TrainingPlan } from "../../students/plan.ts";
import { makeFolder, readRegularFile } from "../../support/files.ts";
import { parseJson } from "../../support/json.ts";
import type { Lock } from "../../support/lock.ts";
import { silent } from "../../support/work/progress.ts";
import { readStored, unlessDamaged } from "../../training/checkpoint.ts";
import { entriesOf, lock, refuse, sweepFiles } from "../folder/claim.ts";

/** Files of a training: the network in two forms and the account of its making. */
export interface StudentFolder {
  readonly path: string;
  readonly network: string;
  readonly weights: string;
  readonly account: string;
  /** The state of a training that is not at its end. */
  readonly checkpoint: string;
}

const names = {
  network: "student.onnx",
  weights: "student.safetensors",
  account: "training.json",
  checkpoint: "student.partial",
} as const;

export const studentFolder = (path: string): StudentFolder => ({
  path,
  network: join(path, names.network),
  weights: join(path, names.weights),
  account: join(path, names.account),
  checkpoint: join(path, names.checkpoint),
});

/** Beginnings by which files of ours are known from others of their names. */
const beginnings: Readonly<Record<string, string>> = {
  // IR version and producer, the first two fields of a model.
  [names.network]: "\x08\x09\x12\x0adistillery",
  [names.account]: '{\n  "format": "distillery-student"',
};

const isForeign = async (folder: StudentFolder, name: string): Promise<boolean> => {
  const bytes = await readRegularFile(join(folder.path, name)).catch(() => Buffer.alloc(0));
  return !bytes.toString("latin1", 0, 64).startsWith(beginnings[name] ?? "");
};

/** A plan with the name of its network, as files and messages tell it. */
export type NamedPlan = TrainingPlan & { readonly student: string };

const planSchema = z.record(z.string(), z.union([z.string(), z.number()]));

/** `steps: 40 there, 80 now` for every setting that differs. */
const differences = (was: string | undefined, now: NamedPlan): string => {
  if (was === undefined) return "of other settings";
  const [before, after] = [planSchema.parse(parseJson(was)), planSchema.parse(now)];
  const changed = Object.keys(after).filter((name) => before[name] !== after[name]);
  return (
    changed.map((name) => `${name}: ${before[name]} there, ${after[name]} now`).join("; ") || "of another set or device"
  );
};

/** Fails on a folder with anything in it but this training, begun or done. @throws USAGE saying what is there. */
const judge = async (folder: StudentFolder, key: string, plan: NamedPlan): Promise<void> => {
  const entries = await entriesOf(folder);
  const others = entries.filter((name) => !Object.values<string>(names).includes(name));
  if (others.length > 0) {
    throw refuse(
      folder,
      `holds files that are not of a student (${others.slice(0, 3).join(", ")}); choose an empty or new folder`,
    );
  }
  if (entries.length === 0) return;
  const stored = await unlessDamaged(folder.weights, silent, () => readStored(folder.weights));
  const begun = await unlessDamaged(folder.checkpoint, silent, () => readStored(folder.checkpoint));
  const known = stored ?? begun;
  const strange: string[] = [];
  for (const name of entries) if (await isForeign(folder, name)) strange.push(name);
  if (known?.metadata.key === undefined) strange.push(...entries);
  if (strange[0] !== undefined) {
    throw refuse(
      folder,
      `holds a ${strange[0]} that distillery did not write, or that is damaged, and would be written over; move it elsewhere or choose another --out`,
    );
  }
  if (known!.metadata.key === key) return;
  throw refuse(
    folder,
    `holds another student (${differences(known!.metadata.plan, plan)}); choose another --out, or give the same settings to resume`,
  );
};

/** Claims a folder for a training until it is released. @throws USAGE where it is another's; DISK. */
export const claimStudentFolder = async (folder: StudentFolder, key: string, plan: NamedPlan): Promise<Lock> => {
  // Before a lock is put into it: a folder that is not ours stays as it is.
  await judge(folder, key, plan);
  await makeFolder(folder.path);
  const held = await lock(folder);
  try {
    await judge(folder, key, plan);
    await sweepFiles(folder.path);
    return held;
  } catch (error) {
    await held.release();
    throw error;
  }
};
