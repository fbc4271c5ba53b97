import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Comparison } from "../../src/evaluation/comparison.ts";
import { commands } from "../../src/pipeline/pipeline.ts";
import { DistilleryError } from "../../src/support/errors.ts";
import type { Executor } from "../../src/support/work/executor.ts";
import { quietly, temporaryFolder, tinyRecipe, writePictures } from "./tiny.ts";

/** Does all jobs here, but those that are learnt: they fail, and others go on. */
const failing: Executor = {
  elsewhere: true,
  begin: async () => undefined,
  run: async (offer) => {
    if (offer.jobs[0]?.kind === "optimise") throw new DistilleryError("JOB", "it never ends well");
    await offer.here();
  },
  pieces: async (names, piece) => {
    const results = await Promise.allSettled(names.map((_, index) => piece(index)));
    return results.map((result) => {
      if (result.status === "rejected") throw result.reason;
      return result.value;
    });
  },
};

test("a set whose jobs fail is named in the table of all others, with the reason; later it takes its place", async () => {
  const folder = await temporaryFolder();
  const out = join(folder, "out");
  const recipe = tinyRecipe(await writePictures(join(folder, "pictures")), {
    ...{ iterations: 4, labels: ["static"], seeds: 1, student: { epochs: 1 }, full: { epochs: 0 } },
    compare: { methods: ["infer", "random", "infer-copies"] },
  });
  const written = async (): Promise<Comparison> => JSON.parse(await readFile(join(out, "comparison.json"), "utf8"));
  await expect(commands.compare(recipe, quietly(out, { executor: failing }))).rejects.toMatchObject({ code: "JOB" });
  const { rows, pending, failed } = await written();
  expect(rows.map(({ method }) => method)).toEqual(["random", "infer-copies"]);
  expect(pending).toEqual(["INFER (3 a class)"]);
  expect(failed).toEqual(["infer-ipc3: it never ends well"]);
  for (const name of ["comparison.md", "comparison.html"]) {
    expect(await readFile(join(out, name), "utf8")).toContain("Failed on every try: infer-ipc3: it never ends well");
  }
  await commands.compare(recipe, quietly(out));
  const whole = await written();
  expect(whole.rows.map(({ method }) => method)).toEqual(["infer", "random", "infer-copies"]);
  expect(whole.pending ?? whole.failed).toBeUndefined();

  // A whole table is not replaced by a part of one with more seeds.
  const more = { ...recipe, seeds: 2 };
  await expect(commands.compare(more, quietly(out, { executor: failing }))).rejects.toMatchObject({ code: "JOB" });
  expect(await written()).toEqual(whole);
});
