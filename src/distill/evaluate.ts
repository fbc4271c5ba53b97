import { type DistilledSet, trainingImages } from "../formats/index.ts";
import { buildModel } from "../models/registry.ts";
import type { AccuracyRow, Curve } from "../report/report.ts";
import type { Device } from "../runtime/index.ts";
import type { Surroundings } from "../training/loop.ts";
import type { Frozen } from "../training/train-step.ts";
import { keyOf } from "./key.ts";
import { type Prepared, readable } from "./prepare.ts";
import type { Recipe } from "./recipe.ts";
import { drawImages, meanLogits } from "./set.ts";
import { type LabelKind, type Lesson, type Source, sourceOf, teachStudents } from "./students.ts";

/** Steps of a student: epochs over all the training images of the set; dynamic labels get 1/(M+1) of the epochs. */
const stepsOf = (labels: LabelKind, images: number, teachers: number, { epochs, batch }: Recipe["student"]): number => {
  const perEpoch = Math.ceil(images / batch);
  return labels === "dynamic" ? Math.max(1, Math.floor(epochs / (teachers + 1))) * perEpoch : epochs * perEpoch;
};

/** Mean and sample standard deviation (0 for one value). */
export const summarise = (values: readonly number[]): AccuracyRow["accuracy"] => {
  const mean = values.reduce((sum, v) => sum + v, 0) / values.length;
  const squares = values.reduce((sum, v) => sum + (v - mean) ** 2, 0);
  return { values, mean, std: values.length < 2 ? 0 : Math.sqrt(squares / (values.length - 1)) };
};

const infer = (set: DistilledSet): Source => {
  const { length, classes, read } = trainingImages(set);
  return { length, classes, images: async (rows) => read(rows), logits: set.labels };
};

/** ipc random real images a class, labelled by the same teachers in the same way. */
const random = async (
  recipe: Recipe,
  data: Prepared,
  teachers: readonly Frozen[],
  ipc: number,
  device: Device,
  surroundings: Surroundings,
): Promise<Source> => {
  const picks = drawImages(data, ipc, recipe.seed);
  const classes = picks.map((i) => data.train.labels[i]!);
  const source = sourceOf(await readable(data).images(picks), classes);
  if (!recipe.labels.includes("static")) return source;
  return { ...source, logits: await meanLogits(device, teachers, source, "labels of random images", surroundings) };
};

const full = (data: Prepared): Source => ({ ...readable(data), classes: data.train.labels });

/**
 * The honest table (method.md, section 5): students on the distilled set and, with identical labels, augmentation and
 * steps, on as many random images as its storage holds; and students on all the data with hard labels.
 */
export const evaluateSet = async (
  recipe: Recipe,
  data: Prepared,
  set: DistilledSet,
  teachers: readonly Frozen[],
  device: Device,
  folder: string,
  surroundings: Surroundings,
): Promise<{ rows: AccuracyRow[]; curves: Curve[] }> => {
  const { budget, parts } = set.manifest;
  const teacherHashes = set.manifest.teachers.map((t) => t.sha256);
  const base = { data: data.fingerprint, validation: recipe.validation };
  const inferSource = { source: infer(set), sourceKey: keyOf({ ...base, parts, teacherHashes }) };
  const randomSource = {
    source: await random(recipe, data, teachers, budget.ipc, device, surroundings),
    sourceKey: keyOf({ ...base, random: budget.ipc, seed: recipe.seed, teacherHashes }),
  };
  const { mixup } = recipe.student;
  const lessonsOf = (architecture: string): (Lesson & { method: AccuracyRow["method"] })[] => [
    ...recipe.labels.flatMap((labels) =>
      [
        { method: "infer" as const, ...inferSource },
        { method: "random" as const, ...randomSource },
      ].map(({ method, source, sourceKey }) => ({
        method,
        name: `${method} ${labels}`,
        architecture,
        labels,
        source,
        sourceKey,
        steps: stepsOf(labels, budget.trainingImages, set.manifest.teachers.length, recipe.student),
        batch: Math.min(recipe.student.batch, budget.ipc * set.manifest.classes.length),
        mixup,
      })),
    ),
    {
      method: "full",
      name: "full hard",
      architecture,
      labels: "hard",
      source: full(data),
      sourceKey: keyOf(base),
      steps: recipe.full.epochs * Math.ceil(data.train.length / recipe.full.batch),
      batch: Math.min(recipe.full.batch, data.train.length),
      mixup: 0,
    },
  ];
  const rows: AccuracyRow[] = [];
  const curves: Curve[] = [];
  // One architecture after the other: how many students fit beside each other depends on it.
  for (const architecture of recipe.students) {
    const lessons = lessonsOf(architecture);
    const student = buildModel(architecture, data.task).name;
    const results = await teachStudents(lessons, recipe, data, teachers, device, folder, surroundings);
    for (const [i, { name, method, labels, source, steps }] of lessons.entries()) {
      const taught = results[i]!;
      const accuracy = summarise(taught.map((result) => result.accuracy));
      rows.push({ method, labels, student, images: source.length, steps, accuracy });
      for (const [seed, { history }] of taught.entries())
        curves.push({ group: "student", name: `${name} ${student} seed ${seed}`, ...history });
    }
  }
  return { rows, curves };
};
