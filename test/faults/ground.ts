import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { sleep } from "../e2e/processes.ts";
import { filesIn, writePictures } from "../pipeline/tiny.ts";
import { buildPrograms, type Programs, programsIn } from "../programs/build.ts";
import { launchNode } from "./launch.ts";

/** What all attempts start from: pictures, recipes, a finished and an interrupted run. Commands run in `folder`. */
export interface Ground {
  readonly folder: string;
  /** Every random choice follows from it and from the id of an attempt. */
  readonly seed: number;
  readonly pictures: string;
  readonly programs: Programs;
  /** A finished run of run.yaml. */
  readonly run: string;
  /** A run of run.yaml that was killed while a teacher was trained, with its checkpoint. */
  readonly interrupted: string;
  /** A finished comparison of compare.yaml. */
  readonly comparison: string;
  /** Of a new folder for one attempt. */
  readonly scratch: () => Promise<string>;
}

const fields = {
  data: "pictures",
  ipc: 4,
  teachers: ["convnet8x1", "convnet8x2"],
  students: ["convnet8x1"],
  labels: ["static", "dynamic"],
  iterations: 15,
  seeds: 2,
  teacher: { epochs: 3, batch: 16 },
  student: { epochs: 4, batch: 8 },
  full: { epochs: 2, batch: 16 },
} as const;

/** By the command that they are for. */
export const recipes = {
  run: fields,
  compare: { ...fields, labels: ["static"], compare: { methods: ["infer", "random", "herding"], ipc: [4] } },
} as const;

export const groundAt = (folder: string, seed: number): Ground => ({
  folder,
  seed,
  pictures: join(folder, "pictures"),
  programs: programsIn(join(folder, "built")),
  run: join(folder, "run"),
  interrupted: join(folder, "interrupted"),
  comparison: join(folder, "compare"),
  scratch: () => mkdtemp(join(folder, "scratch-")),
});

export const commandLine = (command: keyof typeof recipes, out: string): string[] => [
  command,
  "--recipe",
  `${command}.yaml`,
  "--out",
  out,
];

/** Works on `run.yaml` or `compare.yaml` without a disturbance. */
export const finish = async (ground: Ground, command: keyof typeof recipes, out: string): Promise<void> => {
  const { exit, stderr } = await launchNode(ground.programs.main, commandLine(command, out), { cwd: ground.folder })
    .ended;
  if (exit !== 0) throw new Error(stderr);
};

const interrupt = async ({ folder, programs, interrupted }: Ground): Promise<void> => {
  const running = launchNode(programs.watched, commandLine("run", interrupted), { cwd: folder });
  while (running.running() && !existsSync(join(interrupted, "2-teachers"))) await sleep(2);
  while (running.running() && !(await filesIn(join(interrupted, "2-teachers"))).some((name) => /\.partial$/.test(name)))
    await sleep(1);
  running.child.kill("SIGKILL");
  await running.ended;
};

/** Lays out everything in a new folder below the system's one for temporary files, to be removed by `clear`. */
export const layGround = async (seed: number): Promise<Ground> => {
  const ground = groundAt(await mkdtemp(join(tmpdir(), "distillery-faults-")), seed);
  await buildPrograms(join(ground.folder, "built"));
  await writePictures(ground.pictures, { classes: 3, side: 16, train: 12, test: 4 });
  for (const [name, recipe] of Object.entries(recipes)) {
    await writeFile(join(ground.folder, `${name}.yaml`), stringify(recipe));
  }
  await Promise.all([
    finish(ground, "run", ground.run).then(() => interrupt(ground)),
    finish(ground, "compare", ground.comparison),
  ]);
  return ground;
};

export const clear = ({ folder }: Ground): Promise<void> => rm(folder, { recursive: true, force: true });
