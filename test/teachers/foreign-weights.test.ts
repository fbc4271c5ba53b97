import { describe, expect, test } from "vitest";
import type { Tensor } from "../../src/autodiff/types.ts";
import { encodeFloat16 } from "../../src/codecs/float16.ts";
import { decodeSafetensors, encodeSafetensors, type SafeTensor } from "../../src/codecs/safetensors.ts";
import { freshWeights } from "../../src/models/model.ts";
import { buildModel } from "../../src/models/registry.ts";
import { DistilleryError } from "../../src/support/errors.ts";
import { stream } from "../../src/support/random.ts";
import { classification } from "../../src/tasks/classification.ts";
import { foreignWeights } from "../../src/teachers/foreign-weights.ts";
import { floats } from "../autodiff/draw.ts";

const model = buildModel("mobilenetv2w8", classification(3, { height: 32, width: 32 }));
const weights = freshWeights(model, stream(1, "foreign"));

type File = Record<string, SafeTensor>;

const safe = (t: Tensor): SafeTensor => ({ dtype: "F32", shape: t.shape, data: floats(t) });
const count: SafeTensor = { dtype: "I64", shape: [], data: BigInt64Array.of(7n) };

/** What torch would save, through the bytes of a file. */
const torchFile = (change: (tensors: File) => void = () => undefined): File => {
  const tensors: File = Object.fromEntries([
    ...Object.entries({ ...weights.parameters, ...weights.statistics }).map(([name, t]) => [name, safe(t)]),
    ...Object.keys(model.norms).map((name) => [`${name}.num_batches_tracked`, count]),
  ]);
  change(tensors);
  return { ...decodeSafetensors(encodeSafetensors(tensors), "torch").tensors };
};

const messageOf = (tensors: File): string => {
  try {
    foreignWeights(model, tensors, "weights.safetensors");
  } catch (error) {
    expect(error).toBeInstanceOf(DistilleryError);
    expect((error as DistilleryError).code).toBe("CHECKPOINT");
    return (error as DistilleryError).message;
  }
  throw new Error("expected an error");
};

describe("weights that another program wrote", () => {
  test("are taken by name, in the network's order; counted batches are passed over", () => {
    const read = foreignWeights(model, torchFile(), "weights.safetensors");
    expect(read).toEqual(weights);
    expect(Object.keys(read.parameters)).toEqual(Object.keys(model.parameters));
    expect(Object.keys(read.statistics)).toEqual(Object.keys(weights.statistics));
  });

  test("may be half floats", () => {
    const halves = torchFile((tensors) => {
      for (const [name, t] of Object.entries(tensors)) {
        if (t.dtype === "F32") tensors[name] = { dtype: "F16", shape: t.shape, data: encodeFloat16(t.data) };
      }
    });
    const { parameters, statistics } = foreignWeights(model, halves, "weights.safetensors");
    for (const [name, t] of Object.entries({ ...parameters, ...statistics })) {
      const exact = floats((weights.parameters[name] ?? weights.statistics[name])!);
      expect(t.dtype).toBe("float32");
      // Half a unit in the last place, of normal and of subnormal halves.
      const excess = floats(t).map((v, i) => Math.abs(v - exact[i]!) - 2 ** -11 * Math.abs(exact[i]!) - 2 ** -25);
      expect(
        excess.every((e) => e <= 0),
        name,
      ).toBe(true);
    }
  });

  test("serve a network without running statistics", () => {
    const instance = buildModel("convnet8x2in", classification(3, { height: 32, width: 32 }));
    const fresh = freshWeights(instance, stream(2, "foreign"));
    const file = Object.fromEntries(Object.entries(fresh.parameters).map(([name, t]) => [name, safe(t)]));
    expect(foreignWeights(instance, file, "weights.safetensors")).toEqual(fresh);
  });
});

describe("weights that do not fit", () => {
  test("a misnamed tensor is missing here and left over there", () => {
    const message = messageOf(
      torchFile((tensors) => {
        tensors["features.0.0.wieght"] = tensors["features.0.0.weight"]!;
        delete tensors["features.0.0.weight"];
      }),
    );
    expect(message).toBe(
      "weights.safetensors does not hold the weights of mobilenetv2w8 for 3 classes at 32x32: " +
        "1 missing: features.0.0.weight (the file has features.0.0.wieght); " +
        "1 left over: features.0.0.wieght (the network has features.0.0.weight); " +
        "give weights of this architecture with torchvision's names, for so many classes and this image size",
    );
  });

  test("a layer for other classes is named with both shapes", () => {
    const message = messageOf(
      torchFile((tensors) => {
        tensors["classifier.1.weight"] = { dtype: "F32", shape: [10, 1280], data: new Float32Array(12_800) };
        tensors["classifier.1.bias"] = { dtype: "F16", shape: [10], data: new Uint16Array(10) };
      }),
    );
    expect(message).toContain(
      ": 2 of another shape or type: classifier.1.weight is F32 [10,1280], expected F32 or F16 [3,1280], " +
        "classifier.1.bias is F16 [10], expected F32 or F16 [3]; give",
    );
    expect(message).not.toMatch(/missing|left over/);
  });

  test("a tensor of integers is of the wrong type", () => {
    const message = messageOf(
      torchFile((tensors) => {
        tensors["classifier.1.bias"] = { dtype: "I64", shape: [3], data: new BigInt64Array(3) };
      }),
    );
    expect(message).toContain("classifier.1.bias is I64 [3], expected F32 or F16 [3]");
  });

  test("of another architecture: a handful of each kind, and how many more", () => {
    const other = freshWeights(
      buildModel("resnet18w8", classification(3, { height: 32, width: 32 })),
      stream(3, "foreign"),
    );
    const file = Object.fromEntries(
      Object.entries({ ...other.parameters, ...other.statistics }).map(([name, t]) => [name, safe(t)]),
    );
    const message = messageOf(file);
    const wanted = Object.keys({ ...weights.parameters, ...weights.statistics }).length;
    expect(message).toContain(`: ${wanted} missing: features.0.0.weight`);
    expect(message).toContain(`, and ${wanted - 5} more; ${Object.keys(file).length} left over: conv1.weight`);
    expect(message).toContain(`, and ${Object.keys(file).length - 5} more; give`);
    expect(message.length).toBeLessThan(1200);
  });

  test("names behind a wrapper's are the nearest", () => {
    const wrapped = Object.fromEntries(Object.entries(torchFile()).map(([name, t]) => [`module.${name}`, t]));
    const message = messageOf(wrapped);
    expect(message).toContain(" missing: features.0.0.weight (the file has module.features.0.0.weight), ");
    expect(message).toContain("module.classifier.1.bias (the network has classifier.1.bias)");
  });

  test("values that are not finite, in floats and in half floats", () => {
    const message = messageOf(
      torchFile((tensors) => {
        tensors["classifier.1.weight"] = {
          dtype: "F32",
          shape: [3, 1280],
          data: new Float32Array(3840).fill(Number.NaN),
        };
        tensors["classifier.1.bias"] = { dtype: "F16", shape: [3], data: Uint16Array.of(0, 0x7c00, 0) };
      }),
    );
    expect(message).toBe(
      "weights.safetensors: of the tensors of mobilenetv2w8, 2 with NaN or infinite values, or variances below 0: classifier.1.weight (3840 of 3840), classifier.1.bias (1 of 3); " +
        "fetch or write the file again, as F32 (half floats reach 65504)",
    );
  });

  test("names that every object inherits are no tensors", () => {
    const message = messageOf({ constructor: count });
    expect(message).toContain("1 left over: constructor;");
  });
});
