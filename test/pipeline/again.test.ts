import { cp, mkdir, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Report } from "../../src/evaluation/rows.ts";
import type { TeachersReport } from "../../src/evaluation/teachers-report.ts";
import { commands } from "../../src/pipeline/pipeline.ts";
import { temporaryFor } from "../../src/support/temporary.ts";
import { silent } from "../../src/support/work/progress.ts";
import { filesIn, hashesIn, isTimes, quietly, temporaryFolder, timesIn, tinyRecipe, writePictures } from "./tiny.ts";

const brief = { labels: ["static"], seeds: 1, student: { epochs: 2 }, full: { epochs: 1 } };

const parts = ["2-teachers", "3-distil", "4-set", "5-students"] as const;

const reportOf = (found: { readonly report: Report }): Report => found.report;

describe("commands in one folder", () => {
  it("take up what those before them made, and leave it as it is", async () => {
    const folder = await temporaryFolder();
    const out = join(folder, "out");
    const recipe = tinyRecipe(await writePictures(join(folder, "pictures")), brief);
    const times = (part: (typeof parts)[number]) => timesIn(join(out, part));

    await commands.teach(
      { ...recipe, teacher: { ...recipe.teacher, watch: "test" } },
      quietly(join(folder, "watched")),
    );
    const seen = JSON.parse(await readFile(join(folder, "watched", "teachers.json"), "utf8")) as TeachersReport;
    expect(seen).toMatchObject({ format: "distillery-teachers", seed: recipe.seed, recipe: { ipc: recipe.ipc } });
    for (const { accuracy, watched } of seen.teachers) {
      expect(watched!.points).toHaveLength(recipe.teacher.epochs);
      expect(watched!.points.at(-1)!.accuracy).toBe(accuracy);
    }

    await commands.teach(recipe, quietly(out));
    const teachers = await times("2-teachers");
    expect(Object.keys(teachers)).toHaveLength(2);
    expect((await filesIn(out)).some((path) => path.startsWith("3-"))).toBe(false);

    await commands.distill(recipe, quietly(out));
    const [compensators, set] = [await times("3-distil"), await times("4-set")];
    expect((await filesIn(out)).some((path) => path.startsWith("5-") || path.startsWith("report"))).toBe(false);

    const first = reportOf(await commands.run(recipe, quietly(out)));
    const students = await times("5-students");
    const second = reportOf(await commands.run(recipe, quietly(out)));
    expect(await Promise.all(parts.map(times))).toEqual([teachers, compensators, set, students]);
    expect({ ...second, seconds: {} }).toEqual({ ...first, seconds: {} });
  });

  it("make anew what was lost, and it is the same", async () => {
    const folder = await temporaryFolder();
    const out = join(folder, "out");
    const recipe = tinyRecipe(await writePictures(join(folder, "pictures")), brief);
    await commands.distill(recipe, quietly(out));
    const before = await hashesIn(join(out, "4-set"));
    await rm(join(out, "3-distil", "1-0.safetensors"));
    await rm(join(out, "4-set"), { recursive: true });
    await commands.distill(recipe, quietly(out));
    expect(await hashesIn(join(out, "4-set"))).toEqual(before);
  });

  it("make anew what rotted, with a line that names it, and it is the same", async () => {
    const folder = await temporaryFolder();
    const out = join(folder, "out");
    const recipe = tinyRecipe(await writePictures(join(folder, "pictures")), brief);
    await commands.run(recipe, quietly(out));
    const before = await Promise.all(parts.map((part) => hashesIn(join(out, part))));
    const teacher = join(out, "2-teachers/1-convnet6x2.safetensors");
    const compensator = join(out, "3-distil/1-0.safetensors");
    for (const file of [teacher, compensator]) {
      const bytes = await readFile(file);
      bytes[bytes.length - 2]! ^= 1;
      await writeFile(file, bytes);
    }
    const student = join(out, "5-students/infer-static-convnet8x1-0.json");
    await writeFile(student, (await readFile(student, "utf8")).replace(/"accuracy": [\d.]+/, '"accuracy": 99.5'));
    const other = join(out, "5-students/random-static-convnet8x1-0.json");
    await writeFile(other, JSON.stringify({ key: (JSON.parse(await readFile(other, "utf8")) as { key: string }).key }));
    const manifest = join(out, "4-set/manifest.json");
    await writeFile(manifest, (await readFile(manifest)).subarray(0, 400));
    const curves = join(out, "curves.json");
    await writeFile(curves, (await readFile(curves, "utf8")).replace(/\d/, "x"));

    const notes: string[] = [];
    await commands.run(recipe, quietly(out, { progress: { ...silent, note: (line) => notes.push(line) } }));
    const damaged = notes.filter((line) => line.endsWith(" is damaged: it is made anew"));
    expect(damaged.map((line) => line.split(" ").find((word) => word.startsWith(out))).sort()).toEqual(
      [teacher, compensator, student, other, curves, join(out, "4-set")].sort(),
    );
    expect(await Promise.all(parts.map((part) => hashesIn(join(out, part))))).toEqual(before);
  });

  it("take up a run whose data are spelled otherwise, with the same bytes", async () => {
    const folder = await temporaryFolder();
    const out = join(folder, "out");
    const recipe = tinyRecipe(await writePictures(join(folder, "pictures")), brief);
    await commands.distill(recipe, quietly(out));
    const before = [await timesIn(join(out, "4-set")), await timesIn(join(out, "2-teachers"))];
    const { report } = await commands.run({ ...recipe, data: `${recipe.data}/./` }, quietly(out));
    expect(report.recipe.data).toBe(recipe.data);
    expect([await timesIn(join(out, "4-set")), await timesIn(join(out, "2-teachers"))]).toEqual(before);
  });

  it("remove the checkpoints of results that were written when the process was killed", async () => {
    const folder = await temporaryFolder();
    const out = join(folder, "out");
    const recipe = tinyRecipe(await writePictures(join(folder, "pictures")), brief);
    await commands.run(recipe, quietly(out));
    const before = await filesIn(out);
    const results = before.filter((path) => /^[235].*\.(safetensors|json)$/.test(path) && !isTimes(path));
    for (const path of results) await writeFile(join(out, path.replace(/\.(safetensors|json)$/, ".partial")), "x");
    await commands.run(recipe, quietly(out));
    expect(await filesIn(out)).toEqual(before);
  });

  it("remove what a killed process was in the middle of writing", async () => {
    const folder = await temporaryFolder();
    const out = join(folder, "out");
    const recipe = tinyRecipe(await writePictures(join(folder, "pictures")), brief);
    await mkdir(out);
    await writeFile(temporaryFor(join(out, "recipe.yaml")), "data: pic");
    await commands.teach(recipe, quietly(out));
    await writeFile(temporaryFor(join(out, "2-teachers", "0-convnet8x1.partial")), "half");
    await writeFile(temporaryFor(join(out, "seconds.json")), "{");
    await commands.teach(recipe, quietly(out));
    expect(await filesIn(out)).toEqual([
      "1-dataset.json",
      "2-teachers/0-convnet8x1.safetensors",
      "2-teachers/1-convnet6x2.safetensors",
      "recipe.yaml",
      "seconds.json",
      "teachers.json",
    ]);
  });
});

describe("evaluate", () => {
  it("measures a copied set elsewhere, with the teachers' files, as the run did", async () => {
    const folder = await temporaryFolder();
    const out = join(folder, "out");
    const recipe = tinyRecipe(await writePictures(join(folder, "pictures")), {
      ...brief,
      labels: ["static", "dynamic"],
    });
    const run = reportOf(await commands.run(recipe, quietly(out)));
    const again = reportOf(await commands.evaluate(recipe, quietly(out)));
    expect(again.rows).toEqual(run.rows);
    expect(again.curves).toEqual(run.curves);
    expect(again.curves.some(({ group }) => group === "set")).toBe(true);

    const copy = join(folder, "copy");
    await cp(join(out, "4-set"), copy, { recursive: true });
    // Times say nothing about a set.
    await utimes(join(copy, "manifest.json"), 1, 1);
    const teachers = ["0-convnet8x1", "1-convnet6x2"].map((name) => join(out, "2-teachers", `${name}.safetensors`));
    const elsewhere = reportOf(
      await commands.evaluate({ ...recipe, teachers }, quietly(join(folder, "elsewhere"), { set: copy })),
    );
    const untimed = ({ rows }: Report) => rows.map(({ seconds: _, ...row }) => row);
    expect(untimed(elsewhere)).toEqual(untimed(run));
    expect(elsewhere.bytes).toEqual(run.bytes);
    expect((await filesIn(join(folder, "elsewhere"))).filter((path) => /^[234]-/.test(path))).toEqual([]);
  });
});

describe("the seed", () => {
  it("decides the set: equal seeds give equal bytes, another gives another set", async () => {
    const folder = await temporaryFolder();
    const data = await writePictures(join(folder, "pictures"));
    const distil = async (name: string, seed: number): Promise<Record<string, string>> => {
      await commands.distill(tinyRecipe(data, { ...brief, seed }), quietly(join(folder, name)));
      return hashesIn(join(folder, name, "4-set"));
    };
    const [a, b, other] = [await distil("a", 1), await distil("b", 1), await distil("other", 2)];
    expect(b).toEqual(a);
    expect(Object.keys(other)).toEqual(Object.keys(a));
    // How images are rebuilt does not depend on what they are.
    expect(other["decode.onnx"]).toBe(a["decode.onnx"]);
    const content = Object.entries(other).filter(([path]) => path !== "decode.onnx" && path !== "README.md");
    for (const [path, hash] of content) expect(`${path} ${hash}`).not.toBe(`${path} ${a[path]}`);
    expect(await readFile(join(folder, "b", "1-dataset.json"), "utf8")).toBe(
      await readFile(join(folder, "a", "1-dataset.json"), "utf8"),
    );
  });
});
