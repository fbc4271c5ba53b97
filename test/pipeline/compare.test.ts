import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import type { Comparison } from "../../src/evaluation/comparison.ts";
import { commands } from "../../src/pipeline/pipeline.ts";
import { renderTable } from "../../src/report/run/table.ts";
import { readSet, verifySet } from "../../src/sets/index.ts";
import { filesIn, quietly, temporaryFolder, timesIn, tinyRecipe, writePictures } from "./tiny.ts";

const methods = ["infer", "infer-copies", "infer-noise", "infer-one-teacher", "random", "sre2l"] as const;

/** Fields of a comparison that ends within seconds. */
const brief = { iterations: 6, labels: ["static"], seeds: 1, student: { epochs: 2 }, full: { epochs: 1 } };

const comparisonOf = (found: { readonly report: Comparison }): Comparison => found.report;

/** A comparison without what depends on time and place. */
const timeless = ({ seconds: _, folder: ______, command: __, sets, rows, ...rest }: Comparison) => ({
  ...rest,
  sets: sets.map(({ seconds: ___, peakMemory: ____, ...set }) => set),
  rows: rows.map(({ seconds: _____, ...row }) => row),
});

const normOf = (values: Float32Array): number => Math.sqrt(values.reduce((sum, v) => sum + v * v, 0));

/** One comparison, looked at by all tests of this group. */
describe("a comparison", () => {
  let out = "";
  let comparison: Comparison;
  const setOf = (method: string) => readSet(join(out, "sets", `${method}-ipc3`));

  beforeAll(async () => {
    const folder = await mkdtemp(join(tmpdir(), "distillery-compare-"));
    out = join(folder, "out");
    const recipe = tinyRecipe(await writePictures(join(folder, "pictures")), {
      ...brief,
      labels: ["hard", "static", "dynamic"],
      seeds: 2,
      compare: { methods },
    });
    comparison = comparisonOf(await commands.compare(recipe, quietly(out)));
    return () => rm(folder, { recursive: true, force: true });
  }, 60_000);

  it("leaves a whole set of every method, and says so in three files", async () => {
    const files = await filesIn(out);
    for (const method of methods) {
      expect(await verifySet(join(out, "sets", `${method}-ipc3`))).toMatchObject({ ok: true, problems: [] });
      expect((await setOf(method)).manifest).toMatchObject({ method, recipe: { method: { name: method }, ipc: 3 } });
    }
    for (const file of ["comparison.html", "comparison.json", "comparison.md", "recipe.yaml"]) {
      expect(files).toContain(file);
    }
    expect(files.filter((file) => file.endsWith(".partial"))).toEqual([]);
    expect(Object.fromEntries(comparison.sets.map(({ method, iterations }) => [method, iterations]))).toEqual({
      infer: 6,
      "infer-copies": undefined,
      "infer-noise": 6,
      "infer-one-teacher": 6,
      random: undefined,
      sre2l: 6,
    });
    // Copies and random images leave no work behind, noise uses INFER's.
    const worked = new Set(files.filter((file) => file.startsWith("work/")).map((file) => file.split("/")[1]));
    expect([...worked].sort()).toEqual(["infer-ipc3", "infer-one-teacher-ipc3", "sre2l-ipc3"]);
    expect(JSON.parse(await readFile(join(out, "comparison.json"), "utf8"))).toEqual(
      JSON.parse(JSON.stringify(comparison)),
    );
  });

  it("gives every method the same steps with the same labels, INFER's", () => {
    const steps = (labels: string) =>
      new Set(comparison.rows.filter((row) => row.labels === labels && row.ipc === 3).map((row) => row.steps));
    // 24 images in batches of 8: 3 steps an epoch, 2 epochs; dynamic labels get one.
    expect([steps("hard"), steps("static"), steps("dynamic")]).toEqual([new Set([6]), new Set([6]), new Set([3])]);
    const counts = Object.fromEntries(comparison.rows.map(({ method, images }) => [method, images]));
    expect(counts).toEqual({
      infer: 24,
      "infer-copies": 24,
      "infer-noise": 24,
      "infer-one-teacher": 16,
      random: 12,
      sre2l: 12,
      full: 44,
    });
    expect(comparison.rows).toHaveLength(6 * 3 + 1);
    for (const { accuracy } of comparison.rows) expect(accuracy.values).toHaveLength(2);
  });

  it("charges files, and dynamic labels with the teachers", () => {
    for (const { method, bytes } of comparison.sets) {
      const charged = (labels: string) =>
        comparison.rows.find((row) => row.method === method && row.labels === labels)?.bytes;
      expect([charged("hard"), charged("static")]).toEqual([bytes.total, bytes.total]);
      expect(charged("dynamic")).toBe(bytes.total + comparison.bytes.teachers);
    }
    const of = (method: string) => comparison.sets.find((set) => set.method === method)!.bytes;
    expect(of("infer-copies").compensators).toBe(0);
    expect(of("infer-noise").compensators).toBe(of("infer").compensators);
    expect(of("infer-one-teacher").compensators).toBeLessThan(of("infer").compensators);
    for (const { seconds, peakMemory } of comparison.sets) {
      expect(seconds).toBeGreaterThan(0);
      expect(peakMemory!.bytes).toBeGreaterThan(10e6);
    }
  });

  it("makes the ablations of the same bases", async () => {
    const [infer, copies, noise, one, random] = await Promise.all(
      ["infer", "infer-copies", "infer-noise", "infer-one-teacher", "random"].map(setOf),
    );
    for (const set of [copies!, noise!, one!]) expect(set.bases).toEqual(infer!.bases);
    expect(random!.bases.subarray(0, infer!.bases.length)).toEqual(infer!.bases);
    const size = 3 * 8 * 8;
    const at = (set: typeof infer, i: number) => set!.compensators.subarray(i * size, (i + 1) * size);
    for (let i = 0; i < 4; i++) {
      expect(normOf(at(noise, i)) / normOf(at(infer, i))).toBeCloseTo(1, 2);
      expect(at(noise, i)).not.toEqual(at(infer, i));
    }
    // (k, 0) of one teacher is (k, 0) of two.
    expect([at(one, 0), at(one, 1)]).toEqual([at(infer, 0), at(infer, 2)]);
    expect(copies!.manifest.budget).toEqual({
      ipc: 3,
      bases: 2,
      compensators: 0,
      perBase: 0,
      perClass: 0,
      trainingImages: 24,
    });
    for (const set of [infer!, copies!, noise!, one!, random!]) expect(set.manifest.teachers).toHaveLength(2);
  });
});

describe("entries with settings of their own", () => {
  it("are sets of their own, which share what is the same about them", async () => {
    const folder = await temporaryFolder();
    const out = join(folder, "out");
    const methods = ["infer", "infer precision=I8 labelBytes=1KB", "infer bases=confidence", "random"];
    const recipe = tinyRecipe(await writePictures(join(folder, "pictures")), { ...brief, compare: { methods } });
    const { sets, rows } = comparisonOf(await commands.compare(recipe, quietly(out)));
    const variants = [undefined, "precision=I8 labelBytes=1KB", "bases=confidence", undefined];
    expect(sets.map(({ variant }) => variant)).toEqual(variants);
    expect(rows.slice(0, 4).map(({ variant }) => variant)).toEqual(variants);
    expect(sets.map((set) => set.folder)).toEqual([
      "sets/infer-ipc3",
      "sets/infer-ipc3-precision=I8-labelBytes=1KB",
      "sets/infer-ipc3-bases=confidence",
      "sets/random-ipc3",
    ]);
    const [plain, small, confident] = await Promise.all(sets.map((set) => readSet(join(out, set.folder))));
    expect(small!.bases).toEqual(plain!.bases);
    expect(small!.manifest.compensators.dtype).toBe("I8");
    expect(sets[1]!.bytes.compensators).toBeLessThan(sets[0]!.bytes.compensators);
    expect(confident!.bases).not.toEqual(plain!.bases);
    const worked = (await filesIn(out)).filter((file) => file.startsWith("work/")).map((file) => file.split("/")[1]);
    expect([...new Set(worked)].sort()).toEqual(["infer-ipc3", "infer-ipc3-bases=confidence"]);
  });

  it.each([
    "infer labelBytes",
    "infer labelBytes=",
    "infer labelBytes=much",
    "infer alpha=1 alpha=2",
    "infer seeds=2",
    "infer compensatorPrecision=I8",
    "infer momentum=0.5",
    "infer precision=U8",
    "infer alpha=",
  ])("are refused where they say nothing that is known: %s", async (entry) => {
    expect(() => tinyRecipe("pictures", { compare: { methods: [entry] } })).toThrow(
      `compare.methods.0: "${entry}": expected infer, or infer and some of its settings, each once, as in infer storage=images; ` +
        "it has storage, iterations, alpha, bases, views, precision, labelBytes, setBytes",
    );
  });
});

describe("a comparison that was stopped", () => {
  const fields = { ...brief, compare: { methods: ["random", "infer", "infer-noise"], ipc: [3, 2] } };

  it.each([3, 60])(
    "comes to the same after %i updates as one that was not",
    async (updates) => {
      const folder = await temporaryFolder();
      const recipe = tinyRecipe(await writePictures(join(folder, "pictures")), fields);
      const whole = comparisonOf(await commands.compare(recipe, quietly(join(folder, "whole"))));
      const stop = new AbortController();
      let seen = 0;
      const update = (): void => {
        if (++seen === updates) stop.abort();
      };
      const progress = { task: () => ({ update, done: () => undefined }), note: () => undefined };
      const out = join(folder, "stopped");
      await expect(commands.compare(recipe, quietly(out, { progress, signal: stop.signal }))).rejects.toMatchObject({
        code: "INTERRUPTED",
      });
      const resumed = comparisonOf(await commands.compare(recipe, quietly(out)));
      expect(timeless(resumed)).toEqual(timeless(whole));
      const times = await timesIn(join(out, "sets"));
      expect(timeless(comparisonOf(await commands.compare(recipe, quietly(out))))).toEqual(timeless(whole));
      expect(await timesIn(join(out, "sets"))).toEqual(times);
    },
    30_000,
  );
});

describe("a comparison that is not finished", () => {
  it("tells what is known so far, and keeps a whole table until there is another", async () => {
    const folder = await temporaryFolder();
    const out = join(folder, "out");
    const recipe = tinyRecipe(await writePictures(join(folder, "pictures")), {
      ...brief,
      compare: { methods: ["random", "herding", "infer"] },
    });
    const table = async (): Promise<Comparison> => JSON.parse(await readFile(join(out, "comparison.json"), "utf8"));
    /** Runs it until a task begins or a note is told that matches. */
    const runUntil = async (moment: RegExp): Promise<void> => {
      const stop = new AbortController();
      const seen = (line: string): void => {
        if (moment.test(line)) stop.abort();
      };
      const task = (title: string) => {
        seen(title);
        return { update: () => undefined, done: () => undefined };
      };
      const running = commands.compare(recipe, quietly(out, { progress: { task, note: seen }, signal: stop.signal }));
      await expect(running).rejects.toMatchObject({ code: "INTERRUPTED" });
    };

    await runUntil(/on herding-ipc3 static, seed 0: .* %/);
    const known = await table();
    expect(known.rows.map(({ method }) => method)).toEqual(["random", "herding"]);
    expect(known.pending).toEqual(["INFER (3 a class)", "All the data"]);
    const page = await readFile(join(out, "comparison.html"), "utf8");
    const text = await readFile(join(out, "comparison.md"), "utf8");
    const sentence = "no student was trained yet on INFER (3 a class) and All the data";
    for (const written of [page, text]) expect(written).toContain(sentence);

    const whole = comparisonOf(await commands.compare(recipe, quietly(out)));
    expect(whole.rows.slice(0, 2)).toEqual(known.rows);
    expect(whole).not.toHaveProperty("pending");
    expect(await readFile(join(out, "comparison.md"), "utf8")).not.toContain("Not finished");
    await rm(join(out, "students", "infer-ipc3-static-convnet8x1-0.json"));
    await runUntil(/on infer-ipc3 static/);
    expect(await table()).toEqual(JSON.parse(JSON.stringify(whole)));
  }, 30_000);
});

it("all the data are left out where they get no epochs", async () => {
  const folder = await temporaryFolder();
  const recipe = tinyRecipe(await writePictures(join(folder, "pictures")), {
    ...brief,
    full: { epochs: 0 },
    compare: { methods: ["random"] },
  });
  const out = join(folder, "compared");
  const compared = comparisonOf(await commands.compare(recipe, quietly(out)));
  expect(compared.rows.map(({ method }) => method)).toEqual(["random"]);
  expect(compared).not.toHaveProperty("pending");
  expect(await filesIn(join(out, "students"))).toEqual([
    "random-ipc3-static-convnet8x1-0-seconds.json",
    "random-ipc3-static-convnet8x1-0.json",
  ]);
  const { report } = await commands.run(recipe, quietly(join(folder, "run")));
  expect(report.rows.map(({ method }) => method)).toEqual(["infer", "random"]);
  expect(renderTable(report, { colour: false })).toContain("all the data was not measured");
});

describe("what cannot be compared", () => {
  it.each([
    [
      "BUDGET",
      "infer with 1 images a class: ipc 1 is too small",
      { compare: { methods: ["dm", "infer"], ipc: [3, 1] } },
    ],
    [
      "BUDGET",
      "random with 40 images a class: 40 images a class asked for",
      { compare: { methods: ["random"], ipc: [40] } },
    ],
    ["BUDGET", "infer with 3 images a class: labels of 24 images", { labelBytes: 90, compare: { methods: ["infer"] } }],
    [
      "RECIPE",
      "sre2l needs a teacher with BatchNorm in the first place",
      {
        teachers: ["convnet8x1in", "convnet8x1"],
        compare: { methods: ["infer", "sre2l"] },
      },
    ],
  ])("is refused with %s before anything is computed: %s", async (code, message, over) => {
    const folder = await temporaryFolder();
    const out = join(folder, "out");
    const recipe = tinyRecipe(await writePictures(join(folder, "pictures")), over);
    const error = { code, message: expect.stringContaining(message) };
    await expect(commands.compare(recipe, quietly(out))).rejects.toMatchObject(error);
    await expect(filesIn(out)).rejects.toMatchObject({ code: "ENOENT" });
  });
});

describe("a comparison of several draws", () => {
  it("makes a set from each, trains students on all, and puts them in one row", async () => {
    const folder = await temporaryFolder();
    const pictures = await writePictures(join(folder, "pictures"));
    const of = async (name: string, fields: Record<string, unknown>) => {
      const recipe = tinyRecipe(pictures, { ...brief, labels: ["hard"], full: { epochs: 0 }, ...fields });
      return comparisonOf(await commands.compare(recipe, quietly(join(folder, name))));
    };
    const both = await of("both", { compare: { methods: ["random", "rded"], draws: 2 } });
    const second = await of("second", { draw: 1, compare: { methods: ["random", "rded"] } });
    expect(both.sets.map(({ folder: at }) => at)).toEqual([
      "sets/random-ipc3",
      "sets/random-ipc3-draw1",
      "sets/rded-ipc3",
      "sets/rded-ipc3-draw1",
    ]);
    const pixels = async (name: string, set: string) =>
      Buffer.from((await readSet(join(folder, name, "sets", set))).bases).toString("hex");
    for (const method of ["random", "rded"]) {
      const again = await pixels("second", `${method}-ipc3-draw1`);
      expect(await pixels("both", `${method}-ipc3-draw1`)).toBe(again);
      expect(await pixels("both", `${method}-ipc3`)).not.toBe(again);
    }
    for (const [i, row] of both.rows.entries()) {
      expect(row.accuracy.values).toHaveLength(2);
      expect(row.accuracy.values[1]).toBe(second.rows[i]!.accuracy.values[0]);
      const marks = ({ marks = [] }: (typeof both.rows)[number]) => marks.map(({ accuracy }) => accuracy.values);
      expect(marks(row).map(([, value]) => [value])).toEqual(marks(second.rows[i]!));
    }
  }, 60_000);
});
