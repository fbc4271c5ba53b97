import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { float32, tensor, trace } from "../../../src/autodiff/index.ts";
import { resizeCrops, type Size } from "../../../src/data/augment/resized-crop.ts";
import { type Device, openDevice } from "../../../src/runtime/index.ts";
import { formation } from "../../../src/sets/parametrisations/formation.ts";
import {
  parametrisationKinds,
  parametrisationOf,
  parametrisations,
} from "../../../src/sets/parametrisations/registry.ts";
import { stream } from "../../../src/support/random.ts";
import { floats, relativeError, uniform } from "../../autodiff/draw.ts";

let device: Device;
beforeAll(async () => {
  device = await openDevice("cpu", { threads: 1 });
});
afterAll(() => device.close());

/** Images of a size of what is stored of n of them. */
const decoded = async (f: number, stored: Float32Array, n: number, image: Size): Promise<Float32Array> => {
  const shape = [n, 3, image.height / f, image.width / f];
  const types = { stored: float32(...shape) };
  const compiled = await device.compile(
    trace(types, (given) => ({ images: formation(f).decode(given.stored, image) })),
  );
  const { images } = await compiled.run({ stored: tensor(stored.slice(), shape) });
  expect(images.shape).toEqual([n, 3, image.height, image.width]);
  await compiled.release();
  return floats(images);
};

/** Three equal planes. */
const thrice = (plane: readonly number[]): number[] => [...plane, ...plane, ...plane];

describe("what is stored", () => {
  test("are means of f x f pixels, rounded", () => {
    const two = [0, 1, 10, 20, 1, 0, 30, 40, 255, 255, 3, 4, 255, 254, 3, 3];
    // 0.5, 25, 254.75, 3.25
    expect([...formation(2).encode(Uint8Array.from(thrice(two)), { height: 4, width: 4 })]).toEqual(
      thrice([1, 25, 255, 3]),
    );
    const three = [1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 0, 0, 0, 0, 0, 0, 0, 4];
    expect([...formation(3).encode(Uint8Array.from(thrice(three)), { height: 6, width: 3 })]).toEqual(thrice([5, 0]));
  });

  test.each([2, 3, 4])("are 1/%i of the sides, image by image and plane by plane", (f) => {
    const image = { height: 12, width: 24 };
    const random = stream(2, "pixels", f);
    const pixels = Uint8Array.from({ length: 2 * 3 * 288 }, () => random.int(256));
    const { height, width } = formation(f).stored(image);
    expect([height, width]).toEqual([12 / f, 24 / f]);
    const stored = formation(f).encode(pixels, image);
    expect(stored).toHaveLength(2 * 3 * height * width);
    for (let plane = 0; plane < 6; plane++) {
      for (let i = 0; i < height * width; i++) {
        let sum = 0;
        for (let at = 0; at < f * f; at++) {
          const [y, x] = [Math.floor(i / width) * f + Math.floor(at / f), (i % width) * f + (at % f)];
          sum += pixels[plane * 288 + y * 24 + x]!;
        }
        expect(stored[plane * height * width + i]).toBe(Math.round(sum / (f * f)));
      }
    }
  });
});

describe("images that are rebuilt", () => {
  test("are those of torch's interpolate(mode='bilinear', align_corners=False)", async () => {
    const stored = Float32Array.from(thrice([0, 4, 8, 12]));
    const golden = [0, 1, 3, 4, 2, 3, 5, 6, 6, 7, 9, 10, 8, 9, 11, 12];
    expect([...(await decoded(2, stored, 1, { height: 4, width: 4 }))]).toEqual(thrice(golden));
    // By three: places -1/3 (cut off at 0), 0, 1/3, 2/3, 1 and 4/3 (cut off at 1).
    const row = await decoded(3, Float32Array.from(thrice([0, 3])), 1, { height: 3, width: 6 });
    for (const [i, value] of thrice(Array.from({ length: 3 }, () => [0, 0, 1, 2, 3, 3]).flat()).entries())
      expect(row[i]).toBeCloseTo(value, 6);
  });

  test.each([2, 3, 4])("are those of resized crops, by %i", async (f) => {
    const image = { height: 12, width: 24 };
    const from = formation(f).stored(image);
    const stored = floats(uniform(stream(3, "stored", f), [2, 3, from.height, from.width]));
    const expected = resizeCrops(stored, 2, from, () => ({ top: 0, left: 0, ...from }), image);
    expect(relativeError(await decoded(f, stored, 2, image), expected)).toBeLessThan(1e-6);
  });

  test.each([2, 3, 4])("have the colour of an image of one colour, by %i", async (f) => {
    const image = { height: 12, width: 12 };
    const pixels = Uint8Array.from({ length: 3 * 144 }, (_, i) => [7, 130, 251][Math.floor(i / 144)]!);
    const stored = formation(f).encode(pixels, image);
    const images = await decoded(f, Float32Array.from(stored), 1, image);
    expect(relativeError(images, pixels)).toBeLessThan(1e-6);
  });
});

test.each([
  [2, 5, 4],
  [2, 4, 7],
  [3, 32, 32],
  [4, 6, 8],
])("by %i images of %ix%i are refused in one line that says what to do", (f, height, width) => {
  const refused = () => formation(f).stored({ height, width });
  expect(refused).toThrow(expect.objectContaining({ code: "RECIPE" }));
  expect(refused).toThrow(
    `storage formation${f}: images of ${height}x${width} do not divide into ${f} x ${f}; use sides that are multiples of ${f}, which --resize makes, or another storage`,
  );
});

describe("the list of ways to store images", () => {
  test("names each once, the plainest first, with as many images in one as their stored values leave room for", () => {
    expect(parametrisationKinds).toEqual(["images", "formation2", "formation3", "formation4"]);
    const image = { height: 24, width: 48 };
    for (const { kind, about, perImage, stored } of parametrisations) {
      expect(parametrisationOf(kind).kind).toBe(kind);
      expect(about).toMatch(/^\S.*[^\s.]$/);
      const { height, width } = stored(image);
      expect(height * width * perImage).toBe(24 * 48);
    }
  });

  test("tells of one that it does not hold what else rebuilds the images", () => {
    expect(() => parametrisationOf("formation5")).toThrow(expect.objectContaining({ code: "SET" }));
    expect(() => parametrisationOf("formation5")).toThrow(/does not know .*decode\.onnx/);
  });
});
