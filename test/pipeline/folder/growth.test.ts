import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { AccuracyRow } from "../../../src/evaluation/rows.ts";
import { commands } from "../../../src/pipeline/pipeline.ts";
import { recipeIn } from "../../../src/pipeline/recipe/file.ts";
import type { Recipe } from "../../../src/recipe/recipe.ts";
import { progressTo } from "../../../src/support/work/progress.ts";
import { hashesIn, quietly, temporaryFolder, timesIn, tinyRecipe, writePictures } from "../tiny.ts";

const brief = { labels: ["hard"], iterations: 4, seeds: 1, student: { epochs: 2 }, full: { epochs: 0 } };

/** Progress with the notes that it took. */
const recorder = () => {
  const notes: string[] = [];
  const progress = progressTo((event) => {
    if (event.type === "note") notes.push(event.text);
  });
  return { notes, progress };
};

const untimed = ({ seconds: _, ...row }: AccuracyRow) => row;

describe("a run that grows", () => {
  it("makes what is new, keeps what is there to the last byte, and is what one recipe makes at once", async () => {
    const folder = await temporaryFolder();
    const [out, atOnce] = [join(folder, "out"), join(folder, "at-once")];
    const pictures = await writePictures(join(folder, "pictures"));
    const small = tinyRecipe(pictures, brief);
    await commands.run(small, quietly(out));
    const before = await timesIn(out);
    const grown: Recipe = {
      ...small,
      students: ["convnet8x1", "convnet6x1"],
      labels: ["static", "hard"],
      seeds: 2,
      full: { ...small.full, epochs: 1 },
    };

    // Killed in the middle: the recipe is the grown one by then.
    const stop = new AbortController();
    const progress = progressTo((event) => {
      if (event.type === "note" && event.text.startsWith("student")) stop.abort();
    });
    await expect(commands.run(grown, quietly(out, { progress, signal: stop.signal, jobs: 1 }))).rejects.toMatchObject({
      code: "INTERRUPTED",
    });
    expect(recipeIn(await readFile(join(out, "recipe.yaml"), "utf8"), "")).toEqual(grown);

    const { notes, progress: second } = recorder();
    const { report } = await commands.evaluate(grown, quietly(out, { progress: second }));
    expect(notes.filter((line) => line.endsWith("were there"))).toEqual([expect.stringMatching(/^\d of 20 students/)]);
    expect(report.rows).toHaveLength(10);
    const after = await timesIn(out);
    const kept = Object.keys(before).filter((path) => /^[2345]-/.test(path));
    expect(kept.filter((path) => after[path] !== before[path])).toEqual([]);

    const whole = (await commands.run(grown, quietly(atOnce))).report;
    expect(whole.rows.map(untimed)).toEqual(report.rows.map(untimed));
    expect(await hashesIn(join(out, "5-students"))).toEqual(await hashesIn(join(atOnce, "5-students")));

    // And back: the rows go, the files stay.
    const again = recorder();
    const { report: less } = await commands.run(small, quietly(out, again));
    expect(less.rows).toHaveLength(2);
    expect(again.notes).toContain("2 of 2 students were there");
    expect(await timesIn(join(out, "5-students"))).toEqual(
      Object.fromEntries(
        Object.entries(after).flatMap(([path, time]) => (path.startsWith("5-") ? [[path.slice(11), time]] : [])),
      ),
    );
  }, 120_000);

  it("is a comparison too: methods, budgets and draws are added", async () => {
    const folder = await temporaryFolder();
    const out = join(folder, "out");
    const pictures = await writePictures(join(folder, "pictures"));
    const small = tinyRecipe(pictures, { ...brief, compare: { methods: ["random"] } });
    await commands.compare(small, quietly(out));
    const before = await timesIn(out);
    const grown = { ...small, compare: { methods: ["random", "herding"], ipc: [3, 2], draws: 2 } };
    const { report } = await commands.compare(grown, quietly(out));
    expect(report.sets.map(({ folder: path }) => path)).toHaveLength(8);
    const after = await timesIn(out);
    const kept = Object.keys(before).filter((path) => /^(2-teachers|students|sets|work)\//.test(path));
    expect(kept.length).toBeGreaterThan(5);
    expect(kept.filter((path) => after[path] !== before[path])).toEqual([]);
  }, 60_000);

  it("does not become another run", async () => {
    const folder = await temporaryFolder();
    const out = join(folder, "out");
    const pictures = await writePictures(join(folder, "pictures"));
    const recipe = tinyRecipe(pictures, { ...brief, full: { epochs: 2 } });
    await commands.teach(recipe, quietly(out));
    const before = await hashesIn(out);
    const others: readonly (readonly [Partial<Recipe>, string])[] = [
      [{ ipc: 4, seeds: 5 }, "(ipc: 3 there, 4 now)"],
      [{ students: ["convnet6x1", "convnet8x1"] }, "(students: convnet8x1 there, convnet6x1,convnet8x1 now)"],
      [{ full: { ...recipe.full, epochs: 3 } }, "(full.epochs: 2 there, 3 now)"],
      [{ student: { ...recipe.student, epochs: 9 } }, "(student.epochs: 2 there, 9 now)"],
      [{ teachers: ["convnet8x1"] }, "(teachers: convnet8x1,convnet6x2 there, convnet8x1 now)"],
    ];
    for (const [over, message] of others) {
      await expect(commands.teach({ ...recipe, ...over }, quietly(out))).rejects.toThrow(message);
    }
    expect(await hashesIn(out)).toEqual(before);
  });

  it("keeps the notes that somebody wrote into its recipe", async () => {
    const folder = await temporaryFolder();
    const out = join(folder, "out");
    const pictures = await writePictures(join(folder, "pictures"));
    const recipe = tinyRecipe(pictures, brief);
    await commands.teach(recipe, quietly(out));
    const file = join(out, "recipe.yaml");
    const written = await readFile(file, "utf8");
    const noted = `${written.replace("\nseeds: 1\n", "\nseeds: 1 # a first look\n").replace(/^compare:\n(?: .*\n)*/m, "")}# mine\n`;
    await writeFile(file, noted);
    const grown = { ...recipe, seeds: 7, compare: { ...recipe.compare, ipc: [1, 2] } };
    const { notes, progress } = recorder();
    await commands.teach(grown, quietly(out, { progress }));
    expect(notes).toContain(
      `${out} goes on with seeds: 1 there, 7 now; compare.ipc: nothing there, 1,2 now; what is finished stays`,
    );
    const text = await readFile(file, "utf8");
    expect(text).toContain("seeds: 7 # a first look\n");
    expect(text).toContain("# mine\n");
    expect(recipeIn(text, file)).toEqual(grown);
    expect(text.split("\n")[0]).toBe(written.split("\n")[0]);
  });
});
