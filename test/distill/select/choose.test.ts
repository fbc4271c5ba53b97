import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { float32, trace } from "../../../src/autodiff/index.ts";
import { frozenFeatures } from "../../../src/distill/objectives/features.ts";
import type { Choose, Features } from "../../../src/distill/select/choose.ts";
import { herding, herdingGreedy } from "../../../src/distill/select/herding.ts";
import { kCentre, kCentreGreedy } from "../../../src/distill/select/k-centre.ts";
import { imageSource, type Prepared } from "../../../src/recipe/prepare.ts";
import { type Device, openDevice } from "../../../src/runtime/index.ts";
import { stream } from "../../../src/support/random.ts";
import { frozenLogits } from "../../../src/training/train-step.ts";
import { floats, relativeError, uniform } from "../../autodiff/draw.ts";
import { temporaryFolder, timesIn } from "../../pipeline/tiny.ts";
import { make, prepared, stageOf, teacherOf } from "../methods/workshop.ts";

let device: Device;
let data: Prepared;
beforeAll(async () => {
  device = await openDevice("cpu", { threads: 1 });
  data = await prepared();
});
afterAll(() => device.close());

const rowsOf = ({ rows, size }: Features): number[][] =>
  Array.from({ length: rows.length / size }, (_, i) => [...rows.subarray(i * size, (i + 1) * size)]);
const meanRow = (rows: readonly number[][]): number[] =>
  rows[0]!.map((_, i) => rows.reduce((sum, row) => sum + row[i]!, 0) / rows.length);
const distance = (a: readonly number[], b: readonly number[]): number => Math.hypot(...a.map((v, i) => v - b[i]!));
const argmin = (scores: readonly number[]): number => scores.indexOf(Math.min(...scores));

/** As the words say it, everything computed anew for every candidate. */
const plainly: Record<string, Choose> = {
  herdingGreedy: (features, count) => {
    const all = rowsOf(features);
    const chosen: number[] = [];
    while (chosen.length < count) {
      const scores = all.map((row, i) =>
        chosen.includes(i)
          ? Number.POSITIVE_INFINITY
          : distance(meanRow([...chosen.map((j) => all[j]!), row]), meanRow(all)),
      );
      chosen.push(argmin(scores));
    }
    return Int32Array.from(chosen);
  },
  kCentreGreedy: (features, count) => {
    const all = rowsOf(features);
    const chosen = [argmin(all.map((row) => distance(row, meanRow(all))))];
    while (chosen.length < count) {
      const scores = all.map((row) => -Math.min(...chosen.map((j) => distance(row, all[j]!))));
      chosen.push(argmin(scores));
    }
    return Int32Array.from(chosen);
  },
};

test.each([
  ["herdingGreedy", herdingGreedy],
  ["kCentreGreedy", kCentreGreedy],
] as const)("%s chooses what the words say", (name, choose) => {
  for (let i = 0; i < 20; i++) {
    const features = { rows: floats(uniform(stream(8, "rows", i), [9, 3])), size: 3 };
    const chosen = choose(features, 5);
    expect([...chosen]).toEqual([...plainly[name]!(features, 5)]);
    expect([...choose(features, 2)]).toEqual([...chosen.subarray(0, 2)]);
    expect(new Set(choose(features, 9)).size).toBe(9);
  }
});

test("equal rows are each chosen once", () => {
  const features = { rows: new Float32Array(8).fill(1), size: 2 };
  expect([...herdingGreedy(features, 4)].sort()).toEqual([0, 1, 2, 3]);
  expect([...kCentreGreedy(features, 4)].sort()).toEqual([0, 1, 2, 3]);
});

test.each(["convnet6x2", "resnet18w4", "speednet8", "convnet6x1in"])(
  "%s's logits are linear in its features",
  async (name) => {
    const teacher = teacherOf(name, data);
    const compiled = await device.compile(
      trace({ images: float32(5, 3, 8, 8) }, ({ images }) => ({
        features: frozenFeatures(teacher, images),
        logits: frozenLogits(teacher, images),
      })),
    );
    const { features, logits } = await compiled.run({ images: uniform(stream(8, name), [5, 3, 8, 8]) });
    await compiled.release();
    const { "fc.weight": weight, "fc.bias": bias } = teacher.model.parameters;
    const size = weight!.shape[1]!;
    expect(features.shape).toEqual([5, size]);
    const w = floats(teacher.weights.parameters["fc.weight"]!);
    const scale = name.startsWith("speednet") ? 1 / 9 : 1;
    const expected = Array.from({ length: 15 }, (_, i) => {
      const [row, c] = [Math.floor(i / 3), i % 3];
      const shift = bias === undefined ? 0 : floats(teacher.weights.parameters["fc.bias"]!)[c]!;
      let sum = shift;
      for (let f = 0; f < size; f++) sum += scale * w[c * size + f]! * floats(features)[row * size + f]!;
      return sum;
    });
    expect(relativeError(floats(logits), expected)).toBeLessThan(1e-4);
  },
);

describe("herding and k-centre", () => {
  test.each([
    [herding, herdingGreedy],
    [kCentre, kCentreGreedy],
  ] as const)("give each class its own images, chosen by its features, and keep them", async (method, choose) => {
    const folder = await temporaryFolder();
    const stage = stageOf(method, device, data, folder);
    const { bases: pixels, curves } = await make(method, stage);
    expect(curves).toEqual([]);
    const teacher = stage.teachers[0]!;
    const compiled = await device.compile(
      trace({ images: float32(10, 3, 8, 8) }, ({ images }) => ({ features: frozenFeatures(teacher, images) })),
    );
    for (let c = 0; c < 3; c++) {
      const own = Int32Array.from({ length: 10 }, (_, i) => 3 * i + c);
      const images = { dtype: "float32", shape: [10, 3, 8, 8], data: await imageSource(data).images(own) } as const;
      const { features } = await compiled.run({ images });
      const picks = choose({ rows: floats(features), size: features.shape[1]! }, 2);
      for (const [k, pick] of picks.entries()) {
        expect(pixels.subarray((k * 3 + c) * 192, (k * 3 + c + 1) * 192)).toEqual(await data.train.read([own[pick]!]));
      }
    }
    await compiled.release();
    const times = await timesIn(folder);
    expect(await make(method, stage)).toEqual({ bases: pixels, curves });
    expect(await timesIn(folder)).toEqual(times);
  });
});
