import { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";
import { afterAll, beforeAll, expect, it } from "vitest";
import { normalise } from "../../src/data/normalisation.ts";
import { freshWeights, type Weights } from "../../src/models/model.ts";
import { buildModel } from "../../src/models/registry.ts";
import { type Device, openDevice } from "../../src/runtime/index.ts";
import { encodeNetwork } from "../../src/students/network-file.ts";
import { stream } from "../../src/support/random.ts";
import { classification } from "../../src/tasks/classification.ts";
import { withClassifier } from "../../src/training/predict.ts";

let device: Device;
beforeAll(async () => {
  device = await openDevice("cpu", { threads: 1 });
});
afterAll(() => device.close());

const normalisation = { mean: [0.5, 0.4, 0.3], std: [0.2, 0.25, 0.3] } as const;
const random = stream(3, "network file");

/** Weights whose running statistics are not those that training starts with. */
const stirred = ({ parameters, statistics }: Weights): Weights => {
  for (const { data } of Object.values(statistics)) for (const i of data.keys()) data[i] = 0.5 + random.float();
  return { parameters, statistics };
};

it.each([
  ["convnet8", 16],
  ["convnet4in", 16],
  ["resnet18w4", 32],
  ["resnet18w4", 80],
  ["mobilenetv2w8", 32],
  ["efficientnetb0w8", 32],
  ["shufflenetv2w24", 32],
  ["speednet4", 16],
])(
  "%s for %i pixels puts out in plain ONNX Runtime, for any number of images, what it does here",
  async (name, side) => {
    const model = buildModel(name, classification(3, { height: side, width: side }));
    const student = { model, weights: stirred(freshWeights(model, stream(1, name))) };
    const session = await InferenceSession.create(encodeNetwork(student, normalisation, {}), { logSeverityLevel: 3 });
    for (const n of [1, 3]) {
      const pixels = Uint8Array.from({ length: n * 3 * side * side }, () => random.int(256));
      const shape = [n, 3, side, side];
      const images = new OrtTensor(
        "float32",
        Float32Array.from(pixels, (value) => value / 255),
        shape,
      );
      const { logits, probabilities } = await session.run({ images });
      const expected = await withClassifier(device, student, ({ logits: of }) =>
        of(normalise(pixels, normalisation, side, side)),
      );
      expect(logits!.dims).toEqual([n, 3]);
      const found = [...(logits!.data as Float32Array)];
      for (const [i, value] of found.entries()) expect(value).toBeCloseTo(expected[i]!, 3);
      const sum = [...(probabilities!.data as Float32Array)].reduce((total, value) => total + value, 0);
      expect(sum).toBeCloseTo(n, 4);
    }
    await session.release();
  },
);
