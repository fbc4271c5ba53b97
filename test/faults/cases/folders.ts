import { execFileSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { mayMount } from "../disks.ts";
import { allOf, type Case, command, done, oneOf, provided, refused, tinyRun } from "./case.ts";

const out = ["--out", "out"] as const;
const finished = done(/report/i);

const spelledDifferently: Case = async ({ folder, distillery }) => {
  const run = (data: string) =>
    distillery("run", "--recipe", "tiny.yaml", "--data", data, "--full-epochs", "0", ...out);
  const outcomes = [];
  for (const data of ["photos", "photos/", "./photos", join(folder, "photos")]) {
    outcomes.push(oneOf(await run(data), [finished]));
  }
  return allOf(...outcomes);
};

const deletedFolder: Case = async ({ folder, shell }) => {
  const args = ["--recipe", join(folder, "tiny.yaml"), "--data", join(folder, "photos"), "--full-epochs", "0"];
  const script = `mkdir gone; cd gone; rm -r ../gone; exec node "$DISTILLERY" run ${args.map((a) => `'${a}'`).join(" ")}`;
  const gone = [refused(/(working|current) (folder|directory)/i, /gone|deleted|removed|no longer|not exist|missing/i)];
  return oneOf(await shell(script), gone, [/onnxruntime/]);
};

const emptyOut: Case = async ({ folder, elsewhere }) => {
  const here = join(folder, "here");
  const args = ["run", "--recipe", "../tiny.yaml", "--data", "../photos", "--full-epochs", "0", "--out", ""];
  const outcome = oneOf(await elsewhere({ cwd: here }, ...args), [refused(/--out/, /code USAGE/)]);
  return provided(outcome, readdirSync(here).join() === "mine.txt", "files are strewn");
};

const halfManifest: Case = async ({ shell, distillery }) => {
  const made = await shell("sh make.sh");
  if (made.exit !== 0) return oneOf(made, [refused(/out\/4-set/, /delete|remove/i, /again/)]);
  return allOf(oneOf(await distillery("verify", "out/4-set"), [done(/whole/)]), oneOf(made, [finished]));
};

const neverEnds: Case = async ({ distillery }) => {
  const started = performance.now();
  const outcome = oneOf(await distillery(...tinyRun("--out", "/proc/x")), [refused(/\/proc\/x/)]);
  const seconds = (performance.now() - started) / 1000;
  return provided(outcome, seconds < 5, `after ${seconds.toFixed(0)} s`);
};

const readOnly: Case = async ({ folder, distillery, shell }) => {
  if (!(await mayMount())) return { good: "left out", said: "no tmpfs can be mounted here" };
  await shell("mkdir ro && mount -t tmpfs -o ro tmpfs ro");
  try {
    return oneOf(await distillery(...tinyRun("--out", "ro/run")), [refused(/read-only/i, /--out/)]);
  } finally {
    execFileSync("umount", [join(folder, "ro")]);
  }
};

const halfRecipe = command(
  tinyRun(...out, "--student-epochs", "1"),
  [
    refused(
      /out\/recipe\.yaml/,
      /damaged|cut|incomplete|cannot be read|not (a )?valid/i,
      /delete|remove|choose|restore/i,
    ),
  ],
  [/mistake in distillery/],
);

const finderFile: Case = async ({ folder, shell, distillery }) => {
  await shell("mkdir windows; touch windows/Thumbs.db windows/desktop.ini");
  const mac = oneOf(await distillery(...tinyRun(...out)), [finished]);
  const windows = oneOf(await distillery(...tinyRun("--out", "windows")), [finished]);
  return provided(allOf(mac, windows), existsSync(join(folder, "out/.DS_Store")), "the system's file is gone");
};

/** Folders to work in, by the name of the case. */
export const folders: Readonly<Record<string, Case>> = {
  "data-path-spelled-differently": spelledDifferently,
  "deleted-working-folder": deletedFolder,
  "empty-out": emptyOut,
  "finder-file-in-out": finderFile,
  "half-manifest-in-out": halfManifest,
  "half-recipe-in-out": halfRecipe,
  "mkdir-never-ends": neverEnds,
  "read-only-disk": readOnly,
};
