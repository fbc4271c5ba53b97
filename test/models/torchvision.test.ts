import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { trace } from "../../src/autodiff/trace.ts";
import { float32 } from "../../src/autodiff/types.ts";
import { type Model, parameterCount } from "../../src/models/model.ts";
import { buildModel } from "../../src/models/registry.ts";
import type { DistilleryError } from "../../src/support/errors.ts";
import { classification } from "../../src/tasks/classification.ts";

const task = (side: number, classes = 10, width = side) => classification(classes, { height: side, width });

/**
 * torchvision 0.29's own: number of parameters, and the first digits of sha256 over the lines "name shape" of
 * named_parameters(), such as "fc.bias 1000".
 */
const known = [
  ["resnet18", 11_689_512, "0ba9b9abb7162b37"],
  ["resnet34", 21_797_672, "a4ebc0ae98195f48"],
  ["resnet50", 25_557_032, "f8f6069f28328a19"],
  ["resnet101", 44_549_160, "baa4d0ad30ea4c3b"],
  ["mobilenetv2", 3_504_872, "9b0bb07be480496f"],
  ["mobilenetv2w8", 1_519_112, "ca91cd7d180a5484"], // width_mult=0.25
  ["mobilenetv2w16", 1_968_680, "437fd86b7be25845"], // width_mult=0.5
  ["efficientnetb0", 5_288_548, "6826271fa37e6f58"],
  ["shufflenetv2", 2_278_604, "11362a7c25ce7179"], // shufflenet_v2_x1_0
] as const;

const digest = ({ parameters }: Model): string => {
  const lines = Object.entries(parameters).map(([name, { shape }]) => `${name} ${shape}\n`);
  return createHash("sha256").update(lines.join("")).digest("hex").slice(0, 16);
};

test.each(known)("%s at 224 pixels: torchvision's names, shapes and order", (name, count, names) => {
  const model = buildModel(name, task(224, 1000));
  expect(parameterCount(model)).toBe(count);
  expect(digest(model)).toBe(names);
  expect(model.name).toBe(name);
});

test.each([
  ["shufflenetv2w48", 1_366_792], // shufflenet_v2_x0_5
  ["shufflenetv2w176", 3_503_624], // shufflenet_v2_x1_5
] as const)("%s at 224 pixels has as many parameters as torchvision's", (name, count) => {
  expect(parameterCount(buildModel(name, task(224, 1000)))).toBe(count);
});

/** What the normalisation layers get, in the order of the data, and the shape of the logits; nothing is computed. */
const seen = (model: Model, n: number) => {
  const { height, width } = model.task.image;
  const parameters = Object.fromEntries(
    Object.entries(model.parameters).map(([name, { shape }]) => [name, float32(...shape)]),
  );
  const layers: { layer: string; shape: readonly number[] }[] = [];
  const { outputs } = trace({ parameters, images: float32(n, 3, height, width) }, ({ parameters: p, images }) => ({
    logits: model.forward(p, images, (z, layer) => {
      layers.push({ layer, shape: z.shape });
      return z;
    }),
  }));
  return { layers, logits: outputs.logits.shape };
};

const names = ["resnet34", "resnet50", "resnet101", "mobilenetv2", "efficientnetb0", "shufflenetv2"];

describe.each([...names, "convnet16"])("%s", (name) => {
  test.each([32, 224])("names its normalisation layers and channels in the order of the data, at %i pixels", (side) => {
    const model = buildModel(name, task(side));
    const { layers } = seen(model, 2);
    expect(layers.map(({ layer, shape }) => [layer, shape[1]])).toEqual(Object.entries(model.norms));
    for (const layer of Object.keys(model.norms)) {
      expect(model.parameters[`${layer}.weight`]!.shape).toEqual([model.norms[layer]]);
    }
  });

  test("takes images of odd sizes and such that are not square", () => {
    for (const given of [task(17, 7), task(65, 7), task(70, 7, 99), task(20, 7, 64)]) {
      expect(seen(buildModel(name, given), 3).logits).toEqual([3, 7]);
    }
  });
});

describe("forms", () => {
  test.each([
    ["resnet50", 32, 32, 4],
    ["resnet50", 224, 112, 7],
    ["mobilenetv2", 32, 32, 4],
    ["mobilenetv2", 64, 64, 8],
    ["mobilenetv2", 65, 33, 3],
    ["mobilenetv2", 224, 112, 7],
    ["efficientnetb0", 32, 32, 4],
    ["efficientnetb0", 64, 64, 8],
    ["efficientnetb0", 65, 33, 3],
    ["efficientnetb0", 224, 112, 7],
    ["shufflenetv2", 32, 32, 4],
    ["shufflenetv2", 64, 64, 8],
    ["shufflenetv2", 65, 33, 3],
    ["shufflenetv2", 224, 112, 7],
  ])("%s at %i pixels: features of %i pixels after the first convolution, of %i after the last", (...given) => {
    const [name, side, first, last] = given;
    const { layers } = seen(buildModel(name, task(side)), 1);
    expect(layers[0]!.shape.slice(2)).toEqual([first, first]);
    expect(layers.at(-1)!.shape.slice(2)).toEqual([last, last]);
  });

  test("convnet with instance norm has the parameters of convnet and no running statistics", () => {
    const [batch, instance] = ["convnet16x2", "convnet16x2in"].map((name) => buildModel(name, task(32)));
    expect(instance!.parameters).toEqual(batch!.parameters);
    expect(instance!.norms).toEqual({});
    expect(seen(instance!, 2)).toEqual({ layers: [], logits: [2, 10] });
    expect(buildModel("convnetin", task(32)).name).toBe("convnet128x3in");
  });
});

describe("widths", () => {
  test.each([
    ["mobilenetv2w12", "the width must be a multiple of 8; try mobilenetv2w16"],
    ["efficientnetb0w1", "the width must be a multiple of 8; try efficientnetb0w8"],
    ["shufflenetv2w7", "the width must be a multiple of 2; try shufflenetv2w8"],
  ])("%s: %s", (name, message) => {
    expect(() => buildModel(name, task(32))).toThrow(
      expect.objectContaining({ code: "USAGE", message: `${name}: ${message}` }) as DistilleryError,
    );
  });

  test("the usual width is not named", () => {
    for (const name of ["resnet50w64", "mobilenetv2w32", "efficientnetb0w32", "shufflenetv2w116"]) {
      expect(buildModel(name, task(32)).name).toBe(name.replace(/w\d+$/, ""));
    }
  });

  test.each([
    ["mobilenet_v2", "mobilenetv2"],
    ["efficientnet-b0", "efficientnetb0"],
    ["resnet35", "resnet34"],
    ["shufflenet", "shufflenetv2"],
  ])("%s: did you mean %s?", (given, meant) => {
    expect(() => buildModel(given, task(32))).toThrow(`(did you mean "${meant}"?)`);
  });
});
