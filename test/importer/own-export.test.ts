import { afterAll, beforeAll, expect, test } from "vitest";
import { decodeOnnx, onnxNetwork } from "../../src/importer/index.ts";
import { freshWeights, type Model } from "../../src/models/model.ts";
import { buildModel } from "../../src/models/registry.ts";
import { encodeModel } from "../../src/onnx/encode.ts";
import { type Device, openDevice } from "../../src/runtime/index.ts";
import { stream } from "../../src/support/random.ts";
import { classification } from "../../src/tasks/classification.ts";
import { traceClassifier, withClassifier } from "../../src/training/predict.ts";
import type { Frozen } from "../../src/training/train-step.ts";
import { floats, relativeError, uniform } from "../autodiff/draw.ts";

const task = classification(4, { height: 16, width: 16 });

let device: Device;
beforeAll(async () => {
  device = await openDevice("cpu", { threads: 1 });
});
afterAll(() => device.close());

const logitsOf = (frozen: Frozen, images: Float32Array) =>
  withClassifier(device, frozen, (classifier) => classifier.logits(images), 3);

test.each([
  "convnet8x2",
  "convnet8x2in",
  "resnet18w8",
  "resnet50w8",
  "mobilenetv2w8",
  "shufflenetv2w16",
  "efficientnetb0w8",
  "speednet8",
])("%s comes back from the ONNX file that we write of it", async (name) => {
  const random = stream(1, name);
  const model = buildModel(name, task);
  const weights = freshWeights(model, random);
  const { graph } = traceClassifier({ model, weights }, 2);
  const { bytes } = encodeModel(graph, { inputs: ["images"], outputs: ["logits"] });
  const { weights: read, ...network } = onnxNetwork(decodeOnnx(bytes, "student.onnx"), 4);
  const again: Model = { ...network, name: "student", task };
  const images = floats(uniform(random, [3, 3, 16, 16]));
  const expected = await logitsOf({ model, weights }, images);
  expect(relativeError(await logitsOf({ model: again, weights: read }, images), expected)).toBeLessThan(1e-5);
});
