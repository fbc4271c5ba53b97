import { access, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { expect, it, onTestFinished, vi } from "vitest";
import { methods } from "../../src/distill/registry.ts";
import { dryRun, rehearseCommand } from "../../src/pipeline/dry-run.ts";
import { commands } from "../../src/pipeline/pipeline.ts";
import { filesIn, hashesIn, isTimes, quietly, temporaryFolder, timesIn, tinyRecipe, writePictures } from "./tiny.ts";

const brief = { labels: ["static"], seeds: 2, student: { epochs: 2 }, full: { epochs: 1 } };

it("counts the jobs of a run, weighs its set, writes nothing, and sees what is there", {
  timeout: 300_000,
}, async () => {
  const folder = await temporaryFolder();
  const out = join(folder, "out");
  const recipe = tinyRecipe(await writePictures(join(folder, "pictures")), brief);
  const before = await dryRun(commands, "run", recipe, quietly(out), 0);
  await expect(access(out)).rejects.toMatchObject({ code: "ENOENT" });
  expect(before).toMatchObject({ command: "run", out });

  const { report } = await commands.run(recipe, quietly(out));
  const files = await filesIn(out);
  const made = (part: string, ending: string) =>
    files.filter((file) => file.startsWith(part) && file.endsWith(ending) && !isTimes(file)).length;
  const jobs = (title: string) =>
    before.jobs.filter((one) => one.title.startsWith(title)).reduce((sum, one) => sum + one.jobs, 0);
  expect(jobs("teacher")).toBe(made("2-teachers", ".safetensors"));
  expect(jobs("infer")).toBe(made("3-distil", ".safetensors"));
  expect(jobs("student")).toBe(made("5-students", ".json"));
  const { compensators, labels } = report.bytes;
  expect(before.sets).toMatchObject([{ name: "4-set", bytes: { compensators, labels } }]);
  expect(before.jobs.find(({ title }) => title.startsWith("infer"))!.steps).toBe(recipe.iterations);

  const [hashes, times] = [await hashesIn(out), await timesIn(out)];
  const after = await dryRun(commands, "run", recipe, quietly(out));
  expect(after.jobs.every(({ jobs, done }) => done === jobs)).toBe(true);
  expect(after.sets).toEqual([{ name: "4-set", bytes: report.bytes }]);
  expect([await hashesIn(out), await timesIn(out)]).toEqual([hashes, times]);
  // Another recipe is refused as the command itself refuses it, by the folder's own name.
  const refused = dryRun(commands, "run", { ...recipe, seed: 5 }, quietly(out));
  await expect(refused).rejects.toThrow(`--out ${out} holds a run of another recipe (seed: 0 there, 5 now)`);
});

it("rehearses --out . and .. in a folder of its own, and says where it cannot make one", async () => {
  const folder = await temporaryFolder();
  const [temporary, below] = [join(folder, "temporary"), join(folder, "home", "below")];
  for (const one of [temporary, below]) await mkdir(one, { recursive: true });
  const before = process.cwd();
  process.chdir(below);
  vi.stubEnv("TMPDIR", temporary);
  onTestFinished(() => {
    process.chdir(before);
    vi.unstubAllEnvs();
  });
  const rehearsed = (out: string) =>
    rehearseCommand(
      "run",
      quietly(out),
      () => undefined,
      async (copy) => copy.out,
    );
  for (const out of [".", ".."]) {
    const { found } = await rehearsed(out);
    expect(found.startsWith(`${temporary}/distillery-dry-run-`)).toBe(true);
    expect(await filesIn(folder)).toEqual([]);
  }
  vi.stubEnv("TMPDIR", join(folder, "none"));
  await expect(rehearsed(".")).rejects.toMatchObject({
    code: "DISK",
    message: `cannot write ${folder}/none: there is no such folder; make it, or choose another TMPDIR`,
  });
});

it("rehearses every way to make a set", { timeout: 600_000 }, async () => {
  const folder = await temporaryFolder();
  // One of each way to make a set; DRY_RUN=all takes every method, which are minutes.
  const some = ["infer", "herding", "rded", "sre2l", "dm", "match"];
  const names = process.env.DRY_RUN === "all" ? methods.map(({ name }) => name) : some;
  const compare = { methods: names };
  const recipe = tinyRecipe(await writePictures(join(folder, "pictures"), { train: 24 }), { ...brief, compare });
  const found = await dryRun(commands, "compare", recipe, quietly(join(folder, "out")), 0);
  expect(found.sets).toHaveLength(names.length);
  expect(found.seconds).toBeGreaterThan(0);
  expect(await filesIn(folder)).toEqual((await filesIn(folder)).filter((file) => file.startsWith("pictures")));
});
