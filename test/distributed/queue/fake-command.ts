import { existsSync } from "node:fs";
import { appendFile, readFile } from "node:fs/promises";
import { z } from "zod";
import { tensor } from "../../../src/autodiff/index.ts";
import type { Walked } from "../../../src/distributed/child/serve.ts";
import type { Recipe } from "../../../src/recipe/recipe.ts";
import { openDevice } from "../../../src/runtime/index.ts";
import { sha256 } from "../../../src/support/files.ts";
import { keyOf } from "../../../src/support/key.ts";
import { inPieces } from "../../../src/support/work/executor.ts";
import { stopIfAborted } from "../../../src/support/work/interrupt.ts";
import {
  checkpointOf,
  type JobKind,
  type KeptAround,
  type KeptJob,
  runKept,
  tensorStore,
} from "../../../src/training/kept.ts";

const fakeSchema = z.object({
  /** Stands for the data: their fingerprint. */
  data: z.string(),
  /** Jobs of each of the two pieces. */
  jobs: z.int(),
  /** Units of a job, and milliseconds of each. */
  units: z.int().default(1),
  milliseconds: z.number().default(0),
  /** Takes a line from each job that begins: its name, and the unit that it begins at. */
  log: z.string(),
  /** Jobs that throw, and jobs that end their process, as long as the file `cure` is not there. */
  throws: z.array(z.string()).default([]),
  dies: z.array(z.string()).default([]),
  cure: z.string().default(""),
  bytes: z.number().default(1),
});

export type Fake = z.input<typeof fakeSchema>;

/** The fields of a fake command in the place of a recipe. */
export const recipeOf = (fake: Fake): Recipe => fake as unknown as Recipe;

type Around = KeptAround & { readonly fake: z.infer<typeof fakeSchema> };

/** Jobs that count their units slowly, with a checkpoint after each. */
const counting: JobKind<Around> = {
  kind: "count",
  open:
    async ({ folder, fake }) =>
    async (job, _, { progress, signal }) => {
      const units = job.cost;
      const { milliseconds, log, throws, dies, cure } = fake;
      const checkpoint = checkpointOf(folder, job);
      const found = await checkpoint.read(progress);
      const from = found?.metadata.key === job.key ? found.tensors.done!.data[0]! : 0;
      await appendFile(log, `${job.name} ${from}\n`);
      if (!existsSync(cure)) {
        if (throws.includes(job.name)) throw new Error("this one never works");
        if (dies.includes(job.name)) process.kill(process.pid, "SIGKILL");
      }
      const task = progress.task(job.name, units);
      for (let done = Number(from); done < units; done++) {
        stopIfAborted(signal, job.name);
        await new Promise((resolve) => setTimeout(resolve, milliseconds));
        const state = { done: tensor(Float32Array.of(done + 1), [1]) };
        if (milliseconds > 0) await checkpoint.write({ tensors: state, metadata: { key: job.key } });
        task.update(done + 1);
      }
      task.done();
      const value = Float32Array.of(units, parseInt(job.key.slice(0, 6), 16));
      return { tensors: { value: tensor(value, [2]) }, metadata: {} };
    },
  store: tensorStore,
};

/** Two pieces, each of jobs and then of one whose inputs are the results of those. */
const run: Walked["run"] = async (recipe, context) => {
  const fake = fakeSchema.parse(recipe);
  await context.executor?.begin({ recipe: fake, fingerprint: fake.data });
  const device = await openDevice("cpu", { threads: 1 });
  const around = { ...context, device, folder: context.out, fake };
  const of = (name: string, inputs: unknown, cost = fake.units): KeptJob => ({
    kind: counting.kind,
    name,
    spec: {},
    key: keyOf({ name, inputs }),
    cost,
  });
  try {
    return await inPieces(context, ["a", "b"], async (piece) => {
      const letter = "ab"[piece]!;
      const first = Array.from({ length: fake.jobs }, (_, i) => of(`${letter}${i}`, [fake.data, fake.units]));
      const made = await runKept("counting", counting, first, () => fake.bytes, around);
      const hashes = await Promise.all(made.map(async ({ file }) => sha256(await readFile(file))));
      await runKept("counting", counting, [of(`${letter}-sum`, hashes, 1)], () => fake.bytes, around);
    });
  } finally {
    await device.close();
  }
};

const none = async (): Promise<never> => {
  throw new Error("is not part of this test");
};

export const fakeCommands: Walked = { run, teach: none, distill: none, compare: none, evaluate: none };
