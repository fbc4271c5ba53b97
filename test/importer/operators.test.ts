import { create, toBinary } from "@bufbuild/protobuf";
import { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { float32, tensor, trace } from "../../src/autodiff/index.ts";
import { decodeOnnx, Lacking } from "../../src/importer/index.ts";
import { walk } from "../../src/importer/walk.ts";
import { ModelProtoSchema } from "../../src/onnx/onnx_pb.ts";
import { type Device, openDevice } from "../../src/runtime/index.ts";
import { stream } from "../../src/support/random.ts";
import { floats, uniform } from "../autodiff/draw.ts";

type Attributes = Readonly<Record<string, string | number>>;

/** A known input; Booleans are given as such. */
interface Given {
  readonly shape: readonly number[];
  readonly data: readonly number[] | readonly boolean[];
}

const shape = [2, 3, 4, 5] as const;
const images = floats(uniform(stream(1, "images"), [...shape]));

/** A file of one operator, of which "images" is an input and the others are known; "" is left out. */
const fileOf = (opType: string, inputs: Readonly<Record<string, Given | "images" | "">>, attributes: Attributes) => {
  const info = (name: string) => ({ name, type: { value: { case: "tensorType", value: { elemType: 1 } } } }) as const;
  const known = Object.entries(inputs).flatMap(([name, one]) => (typeof one === "string" ? [] : [{ name, ...one }]));
  return toBinary(
    ModelProtoSchema,
    create(ModelProtoSchema, {
      irVersion: 8n,
      opsetImport: [{ domain: "", version: 13n }],
      graph: {
        name: "one",
        input: [info("images")],
        output: [info("y")],
        node: [
          {
            opType,
            input: Object.entries(inputs).map(([name, one]) => (typeof one === "string" ? one : name)),
            output: ["y"],
            attribute: Object.entries(attributes).map(([name, value]) =>
              typeof value === "string"
                ? { name, type: 3, s: new TextEncoder().encode(value) }
                : { name, type: 2, i: BigInt(value) },
            ),
          },
        ],
        initializer: known.map(({ name, shape: dims, data }) => {
          const truths = typeof data[0] === "boolean";
          return {
            name,
            dims: dims.map(BigInt),
            dataType: truths ? 9 : name === "pads" ? 7 : 1,
            ...(truths && { int32Data: data.map(Number) }),
            ...(name === "pads" ? { int64Data: data.map(BigInt) } : !truths && { floatData: data.map(Number) }),
          };
        }),
      },
    }),
  );
};

let device: Device;
beforeAll(async () => {
  device = await openDevice("cpu", { threads: 1 });
});
afterAll(() => device.close());

/** Outputs of the operator as it is read here, and as ONNX Runtime runs it. */
const both = async (...of: Parameters<typeof fileOf>) => {
  const bytes = fileOf(...of);
  const read = decodeOnnx(bytes, "one.onnx");
  const traced = trace({ images: float32(...shape) }, (given) => ({
    y: walk(read, new Map(), {}, given.images, (z) => z),
  }));
  const compiled = await device.compile(traced);
  const ours = await compiled.run({ images: tensor(images.slice(), shape) });
  await compiled.release();
  const session = await InferenceSession.create(bytes, { logSeverityLevel: 3 });
  const { y } = await session.run({ images: new OrtTensor("float32", images, shape) });
  await session.release();
  return { ours: Array.from(floats(ours.y)), theirs: Array.from(y!.data as Float32Array) };
};

const lacks = (what: RegExp) => expect.objectContaining({ message: expect.stringMatching(what) });

describe("Resize", () => {
  const resized = (place: string, rounding: string, factor: number) =>
    both(
      "Resize",
      { images: "images", roi: "", scales: { shape: [4], data: [1, 1, factor, factor] } },
      { mode: "nearest", coordinate_transformation_mode: place, nearest_mode: rounding },
    );

  const places = ["asymmetric", "half_pixel", "pytorch_half_pixel", "align_corners", "tf_half_pixel_for_nn"];
  const roundings = ["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"];

  test("is what ONNX Runtime makes of it, or told to be lacking", async () => {
    const read: string[] = [];
    for (const place of places) {
      for (const rounding of roundings) {
        for (const factor of [2, 3]) {
          try {
            const { ours, theirs } = await resized(place, rounding, factor);
            expect(ours, `${place} ${rounding} ${factor}`).toEqual(theirs);
            read.push(`${place} ${rounding} ${factor}`);
          } catch (error) {
            if (!(error instanceof Lacking)) throw error;
            expect(error.message).toBe(`Resize with ${place} and ${rounding} by [1,1,${factor},${factor}]`);
          }
        }
      }
    }
    expect(read).toEqual([
      "asymmetric round_prefer_floor 2",
      "asymmetric floor 2",
      "asymmetric floor 3",
      ...["half_pixel", "pytorch_half_pixel"].flatMap((place) =>
        ["round_prefer_floor", "round_prefer_ceil"].flatMap((one) => [`${place} ${one} 2`, `${place} ${one} 3`]),
      ),
      "align_corners round_prefer_floor 2",
      "align_corners round_prefer_ceil 2",
      "tf_half_pixel_for_nn floor 2",
      "tf_half_pixel_for_nn floor 3",
    ]);
  });
});

describe("Where", () => {
  const mask: Given = { shape: [4, 5], data: Array.from({ length: 20 }, (_, i) => i % 3 === 0) };
  const masked = (value: number) => both("Where", { mask, value: { shape: [1], data: [value] }, images: "images" }, {});

  test("takes one of two branches", async () => {
    const { ours, theirs } = await masked(-1e30);
    expect(ours).toEqual(theirs);
  });

  test.each([Number.NEGATIVE_INFINITY, Number.NaN])("lacks one of %d", async (value) => {
    await expect(masked(value)).rejects.toThrow(Lacking);
    await expect(masked(value)).rejects.toThrow(lacks(/^Where with a branch that is not finite$/));
  });
});

describe("Pad", () => {
  const padded = (value: number) =>
    both(
      "Pad",
      { images: "images", pads: { shape: [8], data: [0, 0, 1, 0, 0, 0, 0, 2] }, value: { shape: [], data: [value] } },
      {},
    );

  test.each([0, 0.5, -3e38])("with %d keeps every digit of the images", async (value) => {
    const { ours, theirs } = await padded(value);
    expect(ours).toEqual(theirs);
  });

  test("lacks infinity", async () => {
    await expect(padded(Number.NEGATIVE_INFINITY)).rejects.toThrow(lacks(/^Pad with -Infinity$/));
  });
});
