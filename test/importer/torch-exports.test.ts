import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { constant, float32, gradients, mul, reduceSum, sizeOf, tensor, trace } from "../../src/autodiff/index.ts";
import { decodeOnnx, onnxNetwork } from "../../src/importer/index.ts";
import { inferenceNorm, statisticsTypes } from "../../src/nn/batch-norm.ts";
import { type Device, openDevice } from "../../src/runtime/index.ts";
import { relativeError } from "../autodiff/draw.ts";

interface Case {
  readonly network: string;
  readonly ways: readonly string[];
  readonly norms: readonly number[];
  readonly images: readonly number[];
  readonly logits: readonly number[];
  readonly imageGradient: readonly number[];
  readonly filterGradient: readonly number[];
}

const folder = new URL("../goldens/onnx/", import.meta.url);
const cases = JSON.parse(readFileSync(new URL("cases.json", folder), "utf8")) as readonly Case[];
const read = (name: string) => decodeOnnx(readFileSync(new URL(`${name}.onnx`, folder)), `${name}.onnx`);
const classes = 5;

let device: Device;
beforeAll(async () => {
  device = await openDevice("cpu", { threads: 1 });
});
afterAll(() => device.close());

describe.each(cases.flatMap((one) => one.ways.map((way) => [`${one.network}-${way}`, one] as const)))(
  "%s",
  (name, { norms, ...expected }) => {
    const kept = name.endsWith("kept");

    test("logits and gradients are PyTorch's, for another number of images than it was exported with", async () => {
      const { weights, norms: layers, ...network } = onnxNetwork(read(name), classes);
      expect(Object.values(layers)).toEqual(kept ? norms : []);
      const types = {
        images: float32(3, 3, 8, 8),
        parameters: Object.fromEntries(
          Object.entries(network.parameters).map(([n, { shape }]) => [n, float32(...shape)]),
        ),
        statistics: statisticsTypes(layers),
      };
      const traced = trace(types, ({ images, parameters, statistics }) => {
        const logits = network.forward(parameters, images, inferenceNorm(parameters, statistics));
        const loss = reduceSum(mul(logits, constant(tensor(Float32Array.of(1, 2, 3, 4, 5), [5]))));
        const slopes = gradients(loss, { images, parameters });
        return { logits, images: slopes.images, filter: slopes.parameters[Object.keys(parameters)[0]!]! };
      });
      const compiled = await device.compile(traced);
      const images = tensor(Float32Array.from(expected.images), [3, 3, 8, 8]);
      const results = await compiled.run({ images, ...weights });
      await compiled.release();
      expect(results.logits.shape).toEqual([3, classes]);
      expect(relativeError(results.logits.data as Float32Array, expected.logits)).toBeLessThan(1e-5);
      expect(relativeError(results.images.data as Float32Array, expected.imageGradient)).toBeLessThan(1e-4);
      // A folded filter is another number than the network's own.
      if (kept) expect(relativeError(results.filter.data as Float32Array, expected.filterGradient)).toBeLessThan(1e-4);
    });

    test("every parameter starts as the layer that it belongs to does", () => {
      const { parameters, weights } = onnxNetwork(read(name), classes);
      expect(Object.keys(weights.parameters).sort()).toEqual(Object.keys(parameters).sort());
      for (const [key, { shape, start }] of Object.entries(parameters)) {
        expect(weights.parameters[key]!.shape).toEqual(shape);
        if (shape.length === 4 && start.kind === "uniform") expect(start.fanIn).toBe(sizeOf(shape.slice(1)));
        if (/(^|\.)(bn\d|n\d|[abc]\.1|instance)\.weight$/.test(key)) expect(start).toEqual({ kind: "fill", value: 1 });
      }
      expect(Object.values(parameters).some(({ shape, start }) => shape.length === 2 && start.kind === "uniform")).toBe(
        true,
      );
    });
  },
);
