import { describe, expect, test } from "vitest";
import { trace } from "../../src/autodiff/trace.ts";
import { float32 } from "../../src/autodiff/types.ts";
import { freshWeights, type Model, parameterCount } from "../../src/models/model.ts";
import { architectures, buildModel, checkArchitecture } from "../../src/models/registry.ts";
import { inferenceNorm, statisticsTypes } from "../../src/nn/batch-norm.ts";
import type { DistilleryError } from "../../src/support/errors.ts";
import { stream } from "../../src/support/random.ts";
import { classification } from "../../src/tasks/classification.ts";

const task = (side: number, classes = 10, width = side) => classification(classes, { height: side, width });

const failure = (act: () => unknown): DistilleryError => {
  try {
    act();
  } catch (error) {
    return error as DistilleryError;
  }
  throw new Error("expected an error");
};

/** state_dict of torchvision.models.resnet18 without buffers, but for fc: [name, shape], in its order. */
const torchvision = (stem: number, classes: number): [string, number[]][] => {
  const list: [string, number[]][] = [["conv1.weight", [64, 3, stem, stem]]];
  const norm = (name: string, channels: number): void => {
    list.push([`${name}.weight`, [channels]], [`${name}.bias`, [channels]]);
  };
  norm("bn1", 64);
  for (const [stage, [from, to]] of (
    [
      [64, 64],
      [64, 128],
      [128, 256],
      [256, 512],
    ] as const
  ).entries()) {
    for (const i of [0, 1]) {
      const block = `layer${stage + 1}.${i}`;
      list.push([`${block}.conv1.weight`, [to, i === 0 ? from : to, 3, 3]]);
      norm(`${block}.bn1`, to);
      list.push([`${block}.conv2.weight`, [to, to, 3, 3]]);
      norm(`${block}.bn2`, to);
      if (i === 0 && stage > 0) {
        list.push([`${block}.downsample.0.weight`, [to, from, 1, 1]]);
        norm(`${block}.downsample.1`, to);
      }
    }
  }
  list.push(["fc.weight", [classes, 512]], ["fc.bias", [classes]]);
  return list;
};

const shapesOf = (model: Model): [string, readonly number[]][] =>
  Object.entries(model.parameters).map(([name, { shape }]) => [name, shape]);

/** The type of the logits of `n` images, without computing any. */
const logitsShape = (model: Model, n: number): readonly number[] => {
  const { height, width } = model.task.image;
  const parameters = Object.fromEntries(shapesOf(model).map(([name, shape]) => [name, float32(...shape)]));
  const inputs = { parameters, statistics: statisticsTypes(model.norms), images: float32(n, 3, height, width) };
  return trace(inputs, ({ parameters: p, statistics, images }) => ({
    logits: model.forward(p, images, inferenceNorm(p, statistics)),
  })).outputs.logits.shape;
};

describe("resnet18", () => {
  test.each([
    [32, 3, 10],
    [63, 3, 100],
    [64, 3, 200],
    [65, 7, 200],
    [224, 7, 1000],
  ])("at %i pixels: torchvision's names, shapes and order, stem of %i", (side, stem, classes) => {
    expect(shapesOf(buildModel("resnet18", task(side, classes)))).toEqual(torchvision(stem, classes));
  });

  test("62 parameter tensors, 20 normalisation layers in the order of the data", () => {
    const model = buildModel("resnet18", task(32));
    expect(Object.keys(model.parameters)).toHaveLength(62);
    expect(Object.keys(model.norms)).toHaveLength(20);
    expect(Object.keys(model.norms).slice(0, 8)).toEqual([
      "bn1",
      "layer1.0.bn1",
      "layer1.0.bn2",
      "layer1.1.bn1",
      "layer1.1.bn2",
      "layer2.0.bn1",
      "layer2.0.bn2",
      "layer2.0.downsample.1",
    ]);
  });

  test("has the known numbers of parameters", () => {
    expect(parameterCount(buildModel("resnet18", task(32, 10)))).toBe(11_173_962);
    expect(parameterCount(buildModel("resnet18", task(224, 1000)))).toBe(11_689_512); // torchvision's own
  });

  test("the narrower one is named by its width", () => {
    const model = buildModel("resnet18w16", task(32));
    expect(model.name).toBe("resnet18w16");
    expect(model.parameters["fc.weight"]!.shape).toEqual([10, 128]);
    expect(buildModel("resnet18w64", task(32)).name).toBe("resnet18");
  });

  test.each([32, 64, 224])("gives [N, classes] at %i pixels", (side) => {
    expect(logitsShape(buildModel("resnet18", task(side, 7)), 3)).toEqual([3, 7]);
  });

  test("takes images that are not square", () => {
    expect(logitsShape(buildModel("resnet18w8", task(96, 5, 64)), 2)).toEqual([2, 5]);
    expect(logitsShape(buildModel("resnet18w8", task(20, 5, 64)), 2)).toEqual([2, 5]);
  });
});

describe("speednet", () => {
  test("64 wide: blocks of 64, 256, 256 and 32 whitened channels, a linear layer without bias", () => {
    const shapes = Object.fromEntries(shapesOf(buildModel("speednet", task(32))));
    expect(Object.entries(shapes).filter(([name]) => !name.includes("norm"))).toEqual([
      ["whiten.weight", [32, 3, 3, 3]],
      ["whiten.bias", [32]],
      ["blocks.0.conv1.weight", [64, 32, 3, 3]],
      ["blocks.0.conv2.weight", [64, 64, 3, 3]],
      ["blocks.1.conv1.weight", [256, 64, 3, 3]],
      ["blocks.1.conv2.weight", [256, 256, 3, 3]],
      ["blocks.2.conv1.weight", [256, 256, 3, 3]],
      ["blocks.2.conv2.weight", [256, 256, 3, 3]],
      ["fc.weight", [10, 256]],
    ]);
    expect(Object.values(buildModel("speednet48", task(32)).norms)).toEqual([48, 48, 192, 192, 192, 192]);
    expect(buildModel("speednet", task(32)).name).toBe("speednet64");
  });

  test("the filters and batch norm's scales are frozen, its shifts are not", () => {
    const model = buildModel("speednet8", task(32));
    expect(model.frozen).toEqual(["whiten.weight", ...Object.keys(model.norms).map((name) => `${name}.weight`)]);
    for (const name of model.frozen!) expect(model.parameters[name]).toBeDefined();
  });

  test("convolutions pass their inputs on at the start", () => {
    const { parameters } = freshWeights(buildModel("speednet8", task(32)), stream(1, "fresh"));
    for (const [name, { data, shape }] of Object.entries(parameters)) {
      if (!name.includes("conv")) continue;
      const [outputs, inputs] = shape as [number, number];
      let random = 0;
      data.forEach((value, i) => {
        const [k, c, tap] = [Math.floor(i / (9 * inputs)), Math.floor(i / 9) % inputs, i % 9];
        if (k < inputs) expect(value).toBe(k === c && tap === 4 ? 1 : 0);
        else random = Math.max(random, Math.abs(Number(value)));
      });
      if (outputs <= inputs) expect(random).toBe(0);
      else {
        expect(random).toBeLessThanOrEqual(1 / Math.sqrt(9 * inputs));
        expect(random).toBeGreaterThan(0.9 / Math.sqrt(9 * inputs));
      }
    }
  });

  test("its filters come from images where there are some; the rest is drawn as without", () => {
    const model = buildModel("speednet8", task(12));
    const random = stream(3, "images");
    const images = {
      pixels: Float32Array.from({ length: 20 * 3 * 144 }, () => random.normal()),
      height: 12,
      width: 12,
    };
    const [drawn, fitted] = [undefined, images].map(
      (given) => freshWeights(model, stream(1, "fresh"), given).parameters,
    );
    for (const name of Object.keys(model.parameters)) {
      if (name === "whiten.weight") expect(fitted![name]).not.toEqual(drawn![name]);
      else expect(fitted![name]).toEqual(drawn![name]);
    }
    expect(fitted!["whiten.weight"]!.shape).toEqual([32, 3, 3, 3]);
  });

  test.each([8, 12, 31, 32, 64])("gives [N, classes] at %i pixels", (side) => {
    expect(logitsShape(buildModel("speednet8", task(side, 7)), 3)).toEqual([3, 7]);
  });

  test("refuses images that it cannot halve three times", () => {
    expect(failure(() => buildModel("speednet", task(7)))).toMatchObject({
      code: "USAGE",
      message: expect.stringContaining("at least 8x8") as string,
    });
  });
});

describe("convnet", () => {
  test("128 wide and 3 deep: 320,010 parameters at 32 pixels with 10 classes", () => {
    const convolutions = 3 * 9 * 128 + 128 + 2 * (128 * 9 * 128 + 128);
    const norms = 3 * 2 * 128;
    const linear = 128 * 4 * 4 * 10 + 10;
    expect(convolutions + norms + linear).toBe(320_010);
    expect(parameterCount(buildModel("convnet128x3", task(32)))).toBe(320_010);
  });

  test.each([
    [28, "convnet128x3"],
    [32, "convnet128x3"],
    [64, "convnet128x4"],
    [128, "convnet128x5"],
    [8, "convnet128x1"],
    [4, "convnet128x1"],
  ])("the depth follows the image size: %i pixels give %s", (side, name) => {
    const model = buildModel("convnet", task(side));
    expect(model.name).toBe(name);
    expect(logitsShape(model, 2)).toEqual([2, 10]);
  });

  test("the smaller side decides, and the features follow both", () => {
    const model = buildModel("convnet16", task(32, 4, 80));
    expect(model.name).toBe("convnet16x3");
    expect(model.parameters["fc.weight"]!.shape).toEqual([4, 16 * 4 * 10]);
    expect(logitsShape(model, 2)).toEqual([2, 4]);
  });

  test("as deep as the image allows, and no deeper", () => {
    expect(logitsShape(buildModel("convnet4x5", task(32)), 1)).toEqual([1, 10]);
    const error = failure(() => buildModel("convnet4x6", task(32)));
    expect(error.code).toBe("USAGE");
    expect(error.message).toBe("convnet4x6: images of 32x32 allow a width of at least 1 and a depth of 1 to 5");
  });

  test("refuses images of one pixel, and says what makes them larger", () => {
    expect(failure(() => buildModel("convnet8x1", task(1))).message).toBe(
      "convnet: images of 1x1 are too small, it halves them once or more; use images of at least 8x8, which --resize 8 makes of a folder's, or another architecture",
    );
  });

  test.each(["convnet0x3", "convnet16x0"])("%s is refused", (name) => {
    expect(failure(() => buildModel(name, task(32))).code).toBe("USAGE");
  });
});

describe("the registry", () => {
  test.each([
    ["convnte128", "convnet128"],
    ["resnet8", "resnet18"],
    ["ResNet18", "resnet18"],
    ["convnet-64", "convnet64"],
  ])("%s: did you mean %s?", (given, meant) => {
    for (const act of [() => checkArchitecture(given), () => buildModel(given, task(32))]) {
      const error = failure(act);
      expect(error.code).toBe("USAGE");
      expect(error.message).toContain(`unknown architecture "${given}" (did you mean "${meant}"?)`);
    }
  });

  test("what resembles nothing gets the list", () => {
    const { message } = failure(() => checkArchitecture("transformer"));
    expect(message).not.toContain("did you mean");
    for (const line of architectures) expect(message).toContain(line);
  });

  test.each(["", "convnet128x", "xconvnet", "resnet18w", "resnet18 ", "convnet1.5"])('"%s" is not a name', (name) => {
    expect(failure(() => checkArchitecture(name)).code).toBe("USAGE");
  });

  test("a width of 0 is refused", () => {
    expect(failure(() => buildModel("resnet18w0", task(32))).code).toBe("USAGE");
  });
});

describe("fresh weights", () => {
  const model = buildModel("resnet18w8", task(32));
  test("have the declared shapes, scale 1, shift 0, running means 0 and variances 1", () => {
    const { parameters, statistics } = freshWeights(model, stream(1, "fresh"));
    expect(Object.entries(parameters).map(([name, { shape }]) => [name, shape])).toEqual(shapesOf(model));
    expect(Object.keys(statistics)).toEqual(Object.keys(statisticsTypes(model.norms)));
    const values = (t: { data: unknown } | undefined): Set<number> => new Set(t!.data as Float32Array);
    expect(values(parameters["bn1.weight"])).toEqual(new Set([1]));
    expect(values(parameters["layer2.0.downsample.1.bias"])).toEqual(new Set([0]));
    expect(values(statistics["bn1.running_mean"])).toEqual(new Set([0]));
    expect(values(statistics["layer4.1.bn2.running_var"])).toEqual(new Set([1]));
  });

  test("convolutions are uniform within 1 / sqrt(fan in), as PyTorch draws them", () => {
    const { parameters } = freshWeights(model, stream(1, "fresh"));
    const w = parameters["layer4.1.conv2.weight"]!.data as Float32Array;
    const bound = 1 / Math.sqrt(64 * 9);
    const most = w.reduce((m, v) => Math.max(m, Math.abs(v)), 0);
    expect(most).toBeLessThanOrEqual(Math.fround(bound));
    expect(most).toBeGreaterThan(0.999 * bound);
    // 36864 draws: the mean square of a uniform is bound^2 / 3, its standard error 0.5 %.
    const meanSquare = w.reduce((s, v) => s + v * v, 0) / w.length;
    expect(Math.abs(meanSquare / (bound ** 2 / 3) - 1)).toBeLessThan(0.025);
  });

  test("the same stream gives the same weights, another one others", () => {
    const draw = (seed: number) => freshWeights(model, stream(seed, "fresh")).parameters["conv1.weight"]!.data;
    expect(draw(1)).toEqual(draw(1));
    expect(draw(1)).not.toEqual(draw(2));
  });
});
