import { join } from "node:path";
import { expect, it } from "vitest";
import { folderStore } from "../../src/distributed/artefacts/folder-store.ts";
import { gathering } from "../../src/distributed/plan/gather.ts";
import { type Command, makePlan } from "../../src/distributed/plan/make.ts";
import { doJobs } from "../../src/distributed/plan/work.ts";
import { exists, sha256, writeAtomic } from "../../src/support/files.ts";
import { type Executor, inPieces, type KeptJob, type Offer } from "../../src/support/work/executor.ts";
import { filesIn, quietly, temporaryFolder, tinyRecipe } from "../pipeline/tiny.ts";

/** Names of jobs in the order in which they were made. */
let made: string[] = [];

const offerOf = (folder: string, names: readonly string[]): Offer => {
  const jobs = names.map((name): KeptJob => ({ kind: "toy", name, spec: null, key: sha256(name), cost: 1 }));
  const fileOf = ({ name }: KeptJob): string => join(folder, `${name}.txt`);
  const make = async (job: KeptJob): Promise<void> => {
    made.push(job.name);
    await writeAtomic(fileOf(job), job.name);
  };
  const missing = async (): Promise<KeptJob[]> => {
    const absent: KeptJob[] = [];
    for (const job of jobs) if (!(await exists(fileOf(job)))) absent.push(job);
    return absent;
  };
  return {
    folder,
    jobs,
    files: ({ name }) => ({ result: `${name}.txt`, beside: [], checkpoints: [] }),
    bytes: () => 1,
    missing,
    open: async () => ({ make, close: async () => undefined }),
    here: async () => {
      for (const job of await missing()) await make(job);
    },
    advance: () => undefined,
  };
};

/** Two teachers at once; two sets that share a job, each with students behind it. */
const command: Command = async (recipe, { out, executor }) => {
  const run = (folder: string, ...names: string[]): Promise<void> =>
    (executor as Executor).run(offerOf(join(out, folder), names));
  await executor!.begin({ recipe, fingerprint: "f" });
  await Promise.all([run("teachers", "t0"), run("teachers", "t1")]);
  await inPieces({ executor: executor! }, ["a", "b"], async (i) => {
    const name = "ab"[i]!;
    await run("work", "shared");
    await run(`work/${name}`, `${name}0`, `${name}1`);
    await run("students", `of-${name}`);
  });
};

it("knows what waits for what where a command has pieces, and does each job where it stands", async () => {
  made = [];
  const folder = await temporaryFolder();
  const context = { ...quietly(join(folder, "plan")), threads: 1 };
  const plan = await makePlan("compare", command, tinyRecipe("demo"), context, 0);
  expect(plan.jobs.map(({ stage, piece, folder, name }) => [stage, piece ?? "", `${folder}/${name}`])).toEqual([
    [0, "", "teachers/t0"],
    [0, "", "teachers/t1"],
    [1, "a", "work/shared"],
    [2, "a", "work/a/a0"],
    [2, "a", "work/a/a1"],
    [2, "b", "work/b/b0"],
    [2, "b", "work/b/b1"],
    [3, "a", "students/of-a"],
    [3, "b", "students/of-b"],
  ]);
  expect(plan.stages.map(({ from, to }) => [from, to])).toEqual([
    [0, 1],
    [2, 2],
    [3, 6],
    [7, 8],
  ]);

  const store = await folderStore(join(folder, "artefacts"));
  const gather = (out: string) => command(tinyRecipe("demo"), quietly(out, { executor: gathering(plan, store, out) }));
  const work = (...indices: number[]) =>
    doJobs({ plan, folder, store, indices, command, wait: 0, retry: false, look: 1 }, { ...quietly(folder) });
  made = [];
  // From one piece to the other and back.
  for (const indices of [[1], [0], [2], [5, 3], [6, 8]]) await work(...indices);
  expect(made).toEqual(["t1", "t0", "shared", "b0", "a0", "b1", "of-b"]);
  await expect(work(7)).rejects.toThrow("job 7 (students/of-a) needs job 4 (work/a/a1): not in ");
  await expect(gather(join(folder, "early"))).rejects.toThrow(
    "lacks the results of job 4 (work/a/a1), and of what needs",
  );
  await work(4, 7);
  const out = join(folder, "out");
  await gather(out);
  expect(await filesIn(out)).toEqual(plan.jobs.map(({ folder, name }) => `${folder}/${name}.txt`).sort());
});
