import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { buildModel } from "../../src/models/registry.ts";
import { type Device, openDevice } from "../../src/runtime/device.ts";
import { classification } from "../../src/tasks/classification.ts";
import { openClassifier } from "../../src/training/predict.ts";
import { floats, relativeError } from "../autodiff/draw.ts";
import { formulaWeights, uniform } from "../goldens/formula.ts";

interface LogitsCase {
  readonly architecture: string;
  readonly side: number;
  readonly classes: number;
  readonly gain?: number;
  readonly logits: readonly number[];
}

const { cases } = JSON.parse(readFileSync(new URL("../goldens/logits.json", import.meta.url), "utf8")) as {
  readonly cases: readonly LogitsCase[];
};

/** Largest difference relative to the largest logit. */
const tolerance = 1e-5;

let device: Device;
beforeAll(async () => {
  device = await openDevice("cpu", { threads: 1 });
});
afterAll(() => device.close());

test.each(cases.map((one) => [one.architecture, one.side, one] as const))(
  "%s at %i pixels: logits agree with PyTorch in eval mode",
  async (architecture, side, { classes, gain, logits }) => {
    const model = buildModel(architecture, classification(classes, { height: side, width: side }));
    const classifier = await openClassifier(device, { model, weights: formulaWeights(model, 0, gain) }, 2);
    const actual = await classifier.logits(floats(uniform("images", [2, 3, side, side], 2)));
    await classifier.release();
    expect(actual.length).toBe(2 * classes);
    expect(relativeError(actual, logits)).toBeLessThan(tolerance);
  },
);
