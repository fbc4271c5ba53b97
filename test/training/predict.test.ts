import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { tensor } from "../../src/autodiff/types.ts";
import { splitOf } from "../../src/data/dataset.ts";
import { buildModel } from "../../src/models/registry.ts";
import { adamw, hyperTensors, slotTypes, zerosLike } from "../../src/nn/optimisers.ts";
import { type Device, openDevice } from "../../src/runtime/device.ts";
import type { DistilleryError } from "../../src/support/errors.ts";
import { silent } from "../../src/support/work/progress.ts";
import { classification } from "../../src/tasks/classification.ts";
import { measure, openClassifier } from "../../src/training/predict.ts";
import { type Objective, traceTrainStep, trainStateTypes } from "../../src/training/train-step.ts";
import { floats, relativeError } from "../autodiff/draw.ts";
import { formulaWeights, uniform } from "../goldens/formula.ts";

const [classes, side] = [4, 8];
const size = 3 * side * side;
const task = classification(classes, { height: side, width: side });
const model = buildModel("convnet6x2", task);
const frozen = { model, weights: formulaWeights(model, 0) };
const imagesOf = (n: number): Float32Array => floats(uniform("images", [n, 3, side, side], 2));

let device: Device;
beforeAll(async () => {
  device = await openDevice("cpu", { threads: 1 });
});
afterAll(() => device.close());

const logitsOf = async (images: Float32Array, batch: number, network = frozen): Promise<Float32Array> => {
  const classifier = await openClassifier(device, network, batch);
  const logits = await classifier.logits(images);
  await classifier.release();
  return logits;
};

/** Equal sums in another order. */
const tolerance = 1e-5;

describe("openClassifier", () => {
  test.each([1, 2, 3, 4, 6, 7, 8])("%i images in batches of 3 get the logits they get alone", async (n) => {
    const logits = await logitsOf(imagesOf(n), 3);
    expect(logits).toHaveLength(n * classes);
    expect(relativeError(logits, await logitsOf(imagesOf(n), 1))).toBeLessThan(tolerance);
  });

  test("no images get no logits", async () => {
    expect(await logitsOf(new Float32Array(), 3)).toHaveLength(0);
  });

  test("rows are told apart, and the images are left as they were", async () => {
    const images = imagesOf(5);
    const logits = await logitsOf(images, 3);
    expect(images).toEqual(imagesOf(5));
    const last = await logitsOf(images.slice(4 * size), 3);
    expect(relativeError(last, logits.subarray(4 * classes))).toBeLessThan(tolerance);
    expect(relativeError(last, logits.subarray(0, classes))).toBeGreaterThan(0.01);
  });
});

describe("measure", () => {
  // Noise on a brightness of the image's own.
  const pixels = Uint8Array.from(
    { length: 1003 * size },
    (_, i) => ((Math.floor(i / size) * 67) % 200) + (Math.imul(i, 0x9e3779b1) >>> 27),
  );
  const normalisation = { mean: [0.5, 0.4, 0.3], std: [0.2, 0.25, 0.3] } as const;
  const data = { task, dataset: { normalisation } };

  test("counts over several reads, the last one short", async () => {
    const classifier = {
      release: async () => undefined,
      logits: async (x: Float32Array) => {
        const rows = new Float32Array((x.length / size) * classes);
        // Class 1 for every image: the labels below say so in 251 cases of 1003.
        for (let i = 1; i < rows.length; i += classes) rows[i] = 1;
        return rows;
      },
    };
    const split = splitOf(
      pixels,
      Int32Array.from({ length: 1003 }, (_, i) => (i + 1) % 4),
    );
    const right = split.labels.filter((label) => label === 1).length;
    expect(await measure(classifier, split, data, "test", { progress: silent })).toBeCloseTo((100 * right) / 1003, 9);
  });

  test("hands on the split's images in order, normalised", async () => {
    const seen: number[] = [];
    const classifier = {
      release: async () => undefined,
      logits: async (x: Float32Array) => {
        seen.push(...x);
        return new Float32Array((x.length / size) * classes);
      },
    };
    const few = pixels.subarray(0, 23 * size);
    expect(await measure(classifier, splitOf(few, new Int32Array(23)), data, "test", { progress: silent })).toBe(100);
    const expected = Array.from(few, (v, i) => {
      const c = Math.floor(i / (side * side)) % 3;
      return (v / 255 - normalisation.mean[c]!) / normalisation.std[c]!;
    });
    expect(relativeError(seen, expected)).toBeLessThan(1e-6);
  });

  test("stops when told to", async () => {
    const split = splitOf(pixels.subarray(0, size), Int32Array.of(0));
    const classifier = { logits: async () => new Float32Array(classes), release: async () => undefined };
    const stopped = measure(classifier, split, data, "test", { progress: silent, signal: AbortSignal.abort() });
    expect(((await stopped.catch((error: unknown) => error)) as DistilleryError).code).toBe("INTERRUPTED");
  });
});

describe("objectives", () => {
  const batch = 5;
  const optimiser = adamw();
  const step = async (objective: Objective, targets: Record<string, Float32Array>) => {
    const stepper = await device.compileStep(traceTrainStep(model, optimiser, objective, batch));
    const { slots } = trainStateTypes(model, optimiser);
    expect(slots).toEqual(slotTypes(optimiser, trainStateTypes(model, optimiser).parameters));
    await stepper.write({ ...formulaWeights(model, 1), slots: zerosLike(slots) });
    const { loss } = await stepper.run({
      images: tensor(imagesOf(batch), [batch, 3, side, side]),
      targets: Object.fromEntries(Object.entries(targets).map(([name, t]) => [name, tensor(t, [batch, classes])])),
      hyper: hyperTensors(optimiser.hyper(0, 0.01)),
    });
    const { slots: after } = await stepper.read();
    await stepper.release();
    return { loss: floats(loss)[0]!, gradient: floats(after.first!["fc.weight"]!) };
  };

  test("dynamic labels are the soft labels that the teachers' mean logits on the same images give", async () => {
    const second = { model, weights: formulaWeights(model, 2) };
    const [one, two] = [await logitsOf(imagesOf(batch), 1), await logitsOf(imagesOf(batch), 1, second)];
    const soft = await step({ kind: "soft", temperature: 4 }, { targets: one.map((z, i) => (z + two[i]!) / 2) });
    const dynamic = await step({ kind: "dynamic", temperature: 4, teachers: [frozen, second] }, {});
    expect(Math.abs(dynamic.loss - soft.loss) / soft.loss).toBeLessThan(tolerance);
    expect(relativeError(dynamic.gradient, soft.gradient)).toBeLessThan(10 * tolerance);
    const alone = await step({ kind: "dynamic", temperature: 4, teachers: [frozen] }, {});
    expect(relativeError(alone.gradient, soft.gradient)).toBeGreaterThan(0.01);
  });
});
