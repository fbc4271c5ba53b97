import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { folderStore } from "../../src/distributed/artefacts/folder-store.ts";
import type { ArtefactStore } from "../../src/distributed/artefacts/store.ts";
import { failuresOf } from "../../src/distributed/plan/failures.ts";
import { gathering } from "../../src/distributed/plan/gather.ts";
import { makePlan } from "../../src/distributed/plan/make.ts";
import { type Plan, planFile, readPlan, recipeOf } from "../../src/distributed/plan/plan.ts";
import { doJobs, type PlanWork } from "../../src/distributed/plan/work.ts";
import { commands } from "../../src/pipeline/pipeline.ts";
import { sha256, toJson, writeAtomic } from "../../src/support/files.ts";
import { type Progress, silent } from "../../src/support/work/progress.ts";
import { distillery } from "../e2e/command.ts";
import { filesIn, hashesIn, quietly, temporaryFolder, tinyRecipe, writePictures } from "../pipeline/tiny.ts";

const brief = { labels: ["static"], seeds: 1, student: { epochs: 2 }, full: { epochs: 1 } };

let shared = "";
let plan: Plan;
/** Names of all jobs' results by one process, and their hashes. */
let made: Record<string, string>;

/** Hashes of what jobs make. */
const resultsIn = async (out: string): Promise<Record<string, string>> =>
  Object.fromEntries(Object.entries(await hashesIn(out)).filter(([file]) => file.includes("/")));

beforeAll(async () => {
  shared = await mkdtemp(join(tmpdir(), "distillery-plan-"));
  const recipe = tinyRecipe(await writePictures(join(shared, "pictures")), brief);
  plan = await makePlan("run", commands.run, recipe, { ...quietly(join(shared, "plan")), threads: 1 }, 0);
  await commands.run(recipe, quietly(join(shared, "one"), { threads: 1 }));
  made = await resultsIn(join(shared, "one"));
  return () => rm(shared, { recursive: true, force: true });
}, 60_000);

let folder = "";
let store: ArtefactStore;
beforeEach(async () => {
  folder = await temporaryFolder();
  store = await folderStore(join(folder, "artefacts"));
});

const workOn = (indices: readonly number[], over: Partial<PlanWork> = {}): PlanWork => ({
  plan,
  folder: shared,
  store,
  indices,
  command: commands[plan.command],
  wait: 0,
  retry: false,
  look: 5,
  ...over,
});

const tools = (progress: Progress = silent) => ({
  progress,
  signal: new AbortController().signal,
  secondsBetweenCheckpoints: 0.01,
});

const shuffled = <T>(values: readonly T[]): T[] =>
  values
    .map((value) => ({ value, at: Math.random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ value }) => value);

/** All jobs stage by stage, those of a stage in any order: each is ready. */
const anyOrder = ({ jobs, stages }: Plan): number[][] =>
  stages.map(({ stage }) => shuffled(jobs.filter((job) => job.stage === stage).map(({ index }) => index)));

const gather = (of: Plan, out: string) =>
  commands[of.command](recipeOf(of, folder), quietly(out, { threads: 1, executor: gathering(of, store, out) }));

describe("a plan", () => {
  it("has every job that the command does by its real name, behind those that it needs", async () => {
    const files = (await filesIn(join(shared, "one"))).filter((file) => !file.includes("4-set"));
    const { jobs, stages } = plan;
    // A set's labels go into the set.
    const kept = jobs.filter(({ name }) => name !== "4-set-labels");
    expect(kept).toHaveLength(jobs.length - 1);
    for (const { kind, folder, name } of kept) {
      expect(files).toContain(`${folder}/${name}.${kind === "student" ? "json" : "safetensors"}`);
    }
    const results = files.filter((file) => file.includes("/") && !file.endsWith("-seconds.json"));
    expect(results).toHaveLength(kept.length);
    expect(jobs.map(({ index }) => index)).toEqual([...jobs.keys()]);
    expect(stages.map(({ from, to }) => to - from + 1).reduce((a, b) => a + b)).toBe(jobs.length);
    const kindsOf = (stage: number) => new Set(jobs.filter((job) => job.stage === stage).map(({ kind }) => kind));
    expect(kindsOf(0)).toEqual(new Set(["teacher"]));
    expect(kindsOf(stages.length - 1)).toEqual(new Set(["student"]));
    for (const { stage, after, seconds, memory } of stages) {
      expect(after).toEqual(stage === 0 ? [] : [stage - 1]);
      expect(seconds).toBeGreaterThan(0);
      expect(memory).toBeGreaterThan(1e7);
    }
    expect(await readPlan(join(shared, "plan"))).toEqual(plan);
  });

  it("is done job by job, in any order of ready ones, to the bytes of one process", { timeout: 120_000 }, async () => {
    const order = anyOrder(plan);
    for (const [first = 0, ...others] of order) {
      for (const indices of [[first], others]) {
        const expected = indices.map((index) => ({ index, made: true }));
        if (indices.length > 0) expect(await doJobs(workOn(indices), tools())).toMatchObject(expected);
      }
    }
    expect(await doJobs(workOn([0, plan.jobs.length - 1]), tools())).toMatchObject([{ made: false }, { made: false }]);
    const out = join(folder, "out");
    await gather(plan, out);
    expect(await resultsIn(out), `order ${order}`).toEqual(made);
  });

  it("of a comparison comes to its bytes too", { timeout: 120_000 }, async () => {
    const compare = { methods: ["infer", "random"] };
    const two = tinyRecipe(join(shared, "pictures"), { ...brief, teachers: ["convnet8x1"], compare });
    const context = { ...quietly(join(folder, "plan")), threads: 1 };
    const compared = await makePlan("compare", commands.compare, two, context, 0);
    const work = { plan: compared, command: commands.compare };
    await doJobs(workOn(anyOrder(compared).flat(), work), tools());
    const [one, many] = [join(folder, "one"), join(folder, "many")];
    await commands.compare(two, quietly(one, { threads: 1 }));
    await gather(compared, many);
    expect(await resultsIn(many)).toEqual(await resultsIn(one));
  });
});

describe("a job of a plan", () => {
  it("that is stopped goes on from its checkpoint elsewhere, to the same bytes", async () => {
    const stop = new AbortController();
    /** Tells which parts of the teacher's training are done. */
    const training = (tell: (part: number) => void): Progress => ({
      ...silent,
      task: (title, total) => ({
        update: (done) => {
          if (title.startsWith("teacher")) tell(done / total);
        },
        done: () => undefined,
      }),
    });
    const stopping = training((part) => {
      if (part > 1 / 3) stop.abort();
    });
    const stopped = doJobs(workOn([0]), { ...tools(stopping), signal: stop.signal });
    await expect(stopped).rejects.toMatchObject({
      code: "INTERRUPTED",
      message: expect.stringContaining("goes on from its last checkpoint"),
    });
    const left = await filesIn(join(folder, "artefacts"));
    expect(left.map((file) => file.split("/").at(-1))).toEqual(["checkpoints-0"]);

    const parts: number[] = [];
    const [done] = await doJobs(workOn([0]), tools(training((part) => parts.push(part))));
    expect(done).toMatchObject({ made: true });
    expect(parts[0]).toBeGreaterThan(1 / 3);
    const [file] = (await filesIn(join(folder, "artefacts"))).filter((one) => one.endsWith("/result"));
    const teacher = `${done!.folder}/${done!.name}.safetensors`;
    expect(sha256(await readFile(join(folder, "artefacts", file!)))).toBe(made[teacher]);
  });

  it("that fails says why to whoever comes next, and is refused after three tries without --retry", async () => {
    const broken: Progress = {
      ...silent,
      task: (title) => {
        if (title.startsWith("teacher")) throw new Error("no luck today");
        return silent.task(title, 0);
      },
    };
    for (const times of ["once", "twice", "3 times"]) {
      const failed = doJobs(workOn([0]), tools(broken));
      await expect(failed).rejects.toMatchObject({
        code: "JOB",
        message: expect.stringMatching(`failed ${times}, .*no luck today`),
      });
    }
    const refused = doJobs(workOn([0]), tools());
    await expect(refused).rejects.toThrow(
      /^job 0 \(2-teachers\/0-.*\) failed 3 times.*no luck today; mend that, then add --retry$/,
    );
    // What needs it does not wait for it.
    const needs = doJobs(workOn([plan.jobs.length - 1], { wait: 3_600_000 }), tools());
    await expect(needs).rejects.toThrow(/needs jobs 0 \(.*\), which failed 3 times.*no luck today and 1 \(/);
    await expect(gather(plan, join(folder, "out"))).rejects.toThrow(
      /lacks the results of jobs? 0 \(.*\), which failed 3 times/,
    );
    await doJobs(workOn([0], { retry: true }), tools());
    expect(await failuresOf(plan, store).of(0)).toBeUndefined();
  });

  it("waits for what it needs, and names it when that does not come", async () => {
    const { from } = plan.stages[1]!;
    const alone = doJobs(workOn([from], { wait: 50 }), tools());
    await expect(alone).rejects.toMatchObject({
      code: "ARTEFACTS",
      message: expect.stringMatching(
        /^job 2 \(.*\) needs jobs 0 \(2-teachers\/0-.*\) and 1 \(2-.*\): not in .*; do what is missing first/,
      ),
    });
    const waiting = doJobs(workOn([from], { wait: 60_000 }), tools());
    await doJobs(workOn([0, 1]), tools());
    expect(await waiting).toMatchObject([{ index: from, made: true }]);
  });
});

describe("refuses", () => {
  const work = (of: string, ...more: string[]) => distillery(folder, "work", of, ...more);

  it.each<readonly [string, (plan: Plan) => unknown, string]>([
    [
      "another version of the program",
      (p) => ({ ...p, distillery: "9.9.9" }),
      "was made by distillery 9.9.9, this is ",
    ],
    ["a newer plan", (p) => ({ ...p, version: 2 }), "is a plan of version 2, newer than this program"],
    ["what is no plan", () => ({ format: "something" }), "is not a plan of distillery"],
    ["a plan without some jobs", (p) => ({ ...p, jobs: p.jobs.slice(1) }), "is damaged"],
    [
      "other data",
      (p) => ({ ...p, fingerprint: "0123456789abcdef" }),
      "are not those of the plan: their fingerprint is ",
    ],
  ])("%s", async (_, change, message) => {
    await writeAtomic(planFile(join(folder, "p")), toJson(change(plan)));
    const { exit, stdout, stderr } = await work(join(folder, "p"), "--index", "0");
    expect(stderr).toContain(message);
    expect({ exit: exit > 0, stdout }).toEqual({ exit: true, stdout: "" });
    expect(stderr.match(/^error: /gm)).toHaveLength(1);
  });

  it("a plan that was cut short, an index beyond the last, no index, and options that mean nothing", async () => {
    const p = join(folder, "p");
    expect((await work(p, "--index", "0")).stderr).toContain(
      "p/plan.json: no such plan; make one with `distillery plan",
    );
    await writeAtomic(planFile(p), toJson(plan).slice(0, 500));
    expect((await work(p, "--index", "0")).stderr).toContain("p/plan.json: is cut short or damaged");
    await writeAtomic(planFile(p), toJson(plan));
    const beyond = await work(p, "--index", "99");
    expect(beyond).toMatchObject({ exit: 2 });
    expect(beyond.stderr).toContain(`job 99 is beyond the last: p/plan.json has ${plan.jobs.length} jobs`);
    expect((await work(p)).stderr).toContain("no job given: add --index N");
    expect((await work(p, "--gather")).stderr).toContain("--gather: add --out");
    expect((await work(p, "--gather", "--out", "o", "--retry")).stderr).toContain("--retry does jobs");
    expect((await work(p, "--index", "0", "--wait", "soon")).stderr).toContain("--wait: expected such as 90s");
  });

  it("to plan into the folder of another plan", async () => {
    const p = join(folder, "p");
    await writeAtomic(planFile(p), toJson({ ...plan, threads: 3 }));
    const again = makePlan("run", commands.run, recipeOf(plan, p), { ...quietly(p), threads: 1 }, 0);
    await expect(again).rejects.toThrow(`--out ${p} holds the plan of other work; choose another folder`);
    expect(await readPlan(p)).toEqual({ ...plan, threads: 3 });
  });
});

it("does so many jobs as --count says, from the number of a batch system's task", async () => {
  await writeAtomic(planFile(join(folder, "p")), toJson(plan));
  vi.stubEnv("SLURM_ARRAY_TASK_ID", "0");
  onTestFinished(() => void vi.unstubAllEnvs());
  const { stdout, exit } = await distillery(folder, "work", join(folder, "p"), "--count", "2", "--json");
  expect(exit).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject([
    { index: 0, made: true },
    { index: 1, made: true },
  ]);
});
