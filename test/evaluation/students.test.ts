import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { marksOf } from "../../src/evaluation/marks.ts";
import { type StudentRun, teachStudents } from "../../src/evaluation/students.ts";
import { imageSource, prepareData } from "../../src/recipe/prepare.ts";
import { type Device, openDevice } from "../../src/runtime/index.ts";
import { progressTo, silent } from "../../src/support/work/progress.ts";
import type { Stage } from "../../src/teachers/stage.ts";
import { temporaryFolder, tinyRecipe, writePictures } from "../pipeline/tiny.ts";

let device: Device;
beforeAll(async () => {
  device = await openDevice("cpu", { threads: 1 });
});
afterAll(() => device.close());

/** A stage with one student, on all of some pictures with hard labels. */
const prepare = async (): Promise<{ stage: Stage; run: (steps: number) => StudentRun }> => {
  const folder = await temporaryFolder();
  const recipe = tinyRecipe(await writePictures(join(folder, "pictures")), { seeds: 1 });
  const data = await prepareData(recipe, { progress: silent });
  const source = { ...imageSource(data), classes: data.train.labels };
  const run = { name: "all hard", architecture: "convnet8x1", labels: "hard", source, batch: 8, mixup: 0 } as const;
  return {
    stage: { recipe, data, teachers: [], device, folder, progress: silent },
    run: (steps) => ({ ...run, steps, sourceKey: "pictures" }),
  };
};

const teach = async (run: StudentRun, stage: Stage) => (await teachStudents([run], stage))[0]![0]!;

it("a student that is stopped after a mark and in the middle of one ends as another, with the same marks", async () => {
  const [whole, parts] = [await prepare(), await prepare()];
  const { key: _, seconds: atOnce, ...expected } = await teach(whole.run(27), whole.stage);
  expect(expected.marks).toHaveLength(3);
  expect(expected.accuracy).toBeGreaterThan(expected.marks[0]!);

  const titles: string[] = [];
  /** Teaches until a task with such a title has done so much, 0 for its start. */
  const until = async (title: RegExp, done = 0): Promise<void> => {
    const stop = new AbortController();
    const names = new Map<number, string>();
    const progress = progressTo((event) => {
      if (event.type === "start") {
        names.set(event.task, event.title);
        titles.push(event.title);
      }
      const at = event.type === "start" ? 0 : event.type === "update" ? event.done : undefined;
      if (at === done && "task" in event && title.test(names.get(event.task)!)) stop.abort();
    });
    const stopped = teach(parts.run(27), { ...parts.stage, progress, signal: stop.signal });
    await expect(stopped).rejects.toMatchObject({ code: "INTERRUPTED" });
  };
  await until(/seed 0$/, 5);
  await until(/test after 6 steps$/);
  expect(titles.filter((title) => title.includes("test after 3 steps"))).toHaveLength(1);
  const partial = await teach(parts.run(27), parts.stage);
  const { key, seconds, ...result } = partial;
  expect(result).toEqual(expected);
  expect(result.byClass).toHaveLength(4);
  expect(result.byClass!.reduce<number>((sum, value) => sum + value!, 0) / 4).toBeCloseTo(result.accuracy, 9);
  for (const spent of [atOnce, seconds]) expect(spent).toBeGreaterThan(0);

  const file = join(parts.stage.folder, "all-hard-convnet8x1-0.json");
  expect(JSON.parse(await readFile(file, "utf8"))).toMatchObject({ key, marks: expected.marks });
  // A student that was finished before is the same, and so are its seconds; one of an earlier version has none.
  expect(await teach(parts.run(27), parts.stage)).toEqual(partial);
  await rm(file.replace(".json", "-seconds.json"));
  expect(await teach(parts.run(27), parts.stage)).toEqual({ key, ...result });
});

it.each([1, 2, 5])("a student of %i steps has the marks that there are", async (steps) => {
  const { stage, run } = await prepare();
  const { marks } = await teach(run(steps), stage);
  expect(marks).toHaveLength(marksOf(steps).length);
});
