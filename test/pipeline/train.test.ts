import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { TrainOptions } from "../../src/pipeline/commands.ts";
import { commands } from "../../src/pipeline/pipeline.ts";
import type { StudentReport } from "../../src/pipeline/train/account.ts";
import { readSet } from "../../src/sets/index.ts";
import { planTraining } from "../../src/students/plan.ts";
import { progressTo } from "../../src/support/work/progress.ts";
import { distillery } from "../e2e/command.ts";
import { filesIn, hashesIn, quietly, tinyRecipe, writePictures } from "./tiny.ts";

let folder: string;
let pictures: string;
let options: TrainOptions;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "distillery-train-"));
  pictures = await writePictures(join(folder, "pictures"));
  const recipe = tinyRecipe(pictures, { labels: ["static"], seeds: 1, full: { epochs: 0 } });
  await commands.distill(recipe, quietly(join(folder, "run")));
  options = { set: join(folder, "run/4-set"), student: "convnet8x1" };
}, 60_000);

afterAll(() => rm(folder, { recursive: true, force: true }));

const train = async (out: string, over: Partial<TrainOptions> = {}, more = {}): Promise<StudentReport> =>
  (await commands.train({ ...options, ...over }, quietly(join(folder, out), more))).report;

const files = ["student.onnx", "student.safetensors", "training.json"];

describe("train", () => {
  it("learns from the set alone by the set's recipe, and is measured later without another training", async () => {
    const alone = await train("alone");
    expect(await filesIn(join(folder, "alone"))).toEqual(files);
    expect(alone.recipe).toMatchObject({ student: "convnet8x1", labels: "static", steps: 27, batch: 8, seed: 0 });
    expect(alone).not.toHaveProperty("accuracy");
    const { mtimeNs } = await stat(join(folder, "alone/student.safetensors"), { bigint: true });
    const measured = await train("alone", { data: pictures });
    expect(measured.history).toEqual(alone.history);
    expect((await stat(join(folder, "alone/student.safetensors"), { bigint: true })).mtimeNs).toBe(mtimeNs);
    expect(measured.accuracy).toMatchObject({ data: "pictures", images: 24 });
    // The account keeps what was measured before.
    expect(await train("alone")).toEqual(measured);
    expect(JSON.parse(await readFile(join(folder, "alone/training.json"), "utf8"))).toEqual(measured);

    const recipe = tinyRecipe(pictures, { labels: ["static"], seeds: 1, full: { epochs: 0 } });
    const evaluated = await commands.evaluate(recipe, quietly(join(folder, "evaluated"), { set: options.set }));
    expect(evaluated.report.rows.map(({ method }) => method)).toEqual(["infer"]);
    expect(evaluated.report.withoutRandom).toMatch(/^random images with static labels were left out/);
    expect(evaluated.report.rows[0]!.accuracy.values).toEqual([measured.accuracy!.percent]);
  });

  it("ends with the same bytes where it was stopped", async () => {
    await train("whole", { data: pictures, labels: "hard", mixup: 0 });
    const stop = new AbortController();
    const progress = progressTo((event) => {
      if (event.type === "update" && event.done === 11 && event.scalars?.loss !== undefined) stop.abort();
    });
    const again = { data: pictures, labels: "hard", mixup: 0 } as const;
    await expect(train("parts", again, { signal: stop.signal, progress })).rejects.toMatchObject({
      code: "INTERRUPTED",
    });
    expect(await filesIn(join(folder, "parts"))).toEqual(["student.partial"]);
    await expect(train("parts", { labels: "static" })).rejects.toThrow(/holds another student \(of other settings\)/);
    await train("parts", again);
    expect(await hashesIn(join(folder, "parts"))).toEqual(await hashesIn(join(folder, "whole")));
  });

  it("leaves an ONNX file that takes pixels and names the classes", async () => {
    const { accuracy, classes } = await train("file", { data: pictures, steps: 60 });
    const bytes = await readFile(join(folder, "file/student.onnx"));
    for (const word of [JSON.stringify(classes), "inside", `${accuracy!.percent.toFixed(2)} % of 24 test images`]) {
      expect(bytes.includes(word), word).toBe(true);
    }
    const session = await InferenceSession.create(bytes, { logSeverityLevel: 3 });
    const { probabilities } = await session.run({
      images: new OrtTensor("float32", new Float32Array(5 * 192), [5, 3, 8, 8]),
    });
    expect(probabilities!.dims).toEqual([5, 4]);
    await session.release();
  });

  it("takes hard labels where the set stores none, and refuses static ones", async () => {
    const set = await readSet(options.set);
    const bare = { ...set, manifest: { ...set.manifest, labels: { kind: "none" } } } as const;
    expect([planTraining(set).labels, planTraining(bare).labels]).toEqual(["static", "hard"]);
    expect(() => planTraining(bare, { labels: "static" })).toThrow(/stores no labels.+take --labels hard/);
    const odd = { ...set, manifest: { ...set.manifest, recipe: { student: { epochs: 0 } } } };
    expect(() => planTraining(odd)).toThrow("manifest: student.epochs: expected a whole number of at least 1, got 0");
    expect(() => planTraining(set, { mixup: -1 })).toThrow("student.mixup: expected a number of at least 0, got -1");
  });

  it("refuses what it would write over, and options that mean nothing", async () => {
    const at = (...path: string[]) => join(folder, ...path);
    const said = async (...args: string[]) => {
      const { exit, stderr } = await distillery(folder, "train", options.set, ...args);
      return `${exit} ${stderr.split("\n")[0]!.replace("error: ", "")}`;
    };
    expect(await said("--out", at("run"))).toMatch(/^2 --out run holds files that are not of a student/);
    await train("mine", { steps: 1 });
    expect(await said("--out", at("mine"), "--student", "convnet8x1", "--steps", "2")).toMatch(
      /^2 --out mine holds another student \(steps: 1 there, 2 now\); choose another --out/,
    );
    await writeFile(at("mine/training.json"), '{ "mine": true }');
    expect(await said("--out", at("mine"), "--student", "convnet8x1", "--steps", "1")).toMatch(
      /^2 --out mine holds a training\.json that distillery did not write/,
    );
    expect(await said("--out", at("no"), "--epochs", "2", "--steps", "3")).toBe(
      "2 --epochs is idle beside --steps 3; leave it out",
    );
    expect(await said("--out", at("no"), "--resize", "8")).toBe("2 --resize is for the images of --data; leave it out");
    expect(await said("--out", at("no"), "--learning-rate", "0")).toMatch(
      /^2 --learning-rate: expected a number above 0/,
    );
    expect(await said("--out", at("no"), "--student", "resnet19")).toMatch(/^2 unknown architecture "resnet19"/);
    expect(await said()).toMatch(/^2 .*--out/);
    const fewer = await writePictures(at("fewer"), { classes: 3, train: 2, test: 1 });
    expect(await said("--out", at("no"), "--data", fewer)).toMatch(
      /does not fit the data fewer, other classes: .+ or leave --data out$/,
    );
    await expect(filesIn(at("no"))).rejects.toThrow("ENOENT");
  });

  it("measures on the test images that were held out when the set was made", async () => {
    const own = join(await writePictures(join(folder, "own"), { test: 1 }), "train");
    const recipe = { ...tinyRecipe(own, { labels: ["static"], seeds: 1, full: { epochs: 0 } }), test: 0.25 };
    await commands.distill(recipe, quietly(join(folder, "held")));
    const set = join(folder, "held/4-set");
    const measured = await train("held-student", { set, data: own });
    expect(measured.accuracy).toMatchObject({ data: "train", images: 12 });
    expect((await train("held-student", { set, data: own, test: 0.5 })).accuracy).toMatchObject({ images: 24 });
    // Data with test images of their own are measured on these.
    expect((await train("held-student", { set, data: pictures })).accuracy).toMatchObject({ images: 24 });
  });
});
