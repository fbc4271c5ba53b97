import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { float32, gradients, mul, reduceSum, type Tensor, tensor, trace } from "../../../src/autodiff/index.ts";
import { defaultCrop, drawCrop } from "../../../src/data/augment/resized-crop.ts";
import {
  applyView,
  drawPaddedCrop,
  drawShift,
  drawView,
  largestShift,
  type View,
  type ViewKind,
  viewTypes,
} from "../../../src/data/augment/view.ts";
import { leastArea } from "../../../src/distill/methods/cda.ts";
import { cutOut } from "../../../src/distill/select/rded.ts";
import { type Device, openDevice } from "../../../src/runtime/index.ts";
import { stream } from "../../../src/support/random.ts";
import { floats, relativeError, uniform } from "../../autodiff/draw.ts";

let device: Device;
beforeAll(async () => {
  device = await openDevice("cpu", { threads: 1 });
});
afterAll(() => device.close());

const image = { height: 8, width: 12 };

const seen = async (x: Float32Array, view: View, kind: ViewKind = "mixes"): Promise<Float32Array> => {
  const types = { x: float32(2, 3, 8, 12), view: viewTypes(kind, image) };
  const compiled = await device.compile(trace(types, ({ x: images, view: v }) => ({ y: applyView(images, v) })));
  const { y } = await compiled.run({ x: { dtype: "float32", shape: [2, 3, 8, 12], data: x }, view });
  await compiled.release();
  return floats(y);
};

const ramp = (): Float32Array => Float32Array.from({ length: 2 * 3 * 8 * 12 }, (_, i) => i);

/** The matrix of places. */
const mixed = ({ data, shape }: Tensor): Tensor => {
  const length = shape[0]!;
  const matrix = new Float32Array(length * length);
  for (const [i, place] of (data as BigInt64Array).entries()) matrix[i * length + Number(place)] = 1;
  return tensor(matrix, [length, length]);
};

describe("a view", () => {
  test("by places is what it is by mixes: a cyclic shift of at most four pixels here", async () => {
    for (let i = 0; i < 4; i++) {
      const view = drawShift(stream(6, "shift", i), image);
      const y = await seen(ramp(), view, "places");
      expect([...y]).toEqual([...(await seen(ramp(), { rows: mixed(view.rows), columns: mixed(view.columns) }))]);
      expect((8 - Math.floor(y[0]! / 12)) % 8).toBeLessThanOrEqual(4);
      expect((12 - (y[0]! % 12)) % 12).toBeLessThanOrEqual(4);
    }
  });

  test("shifts by at most 4 at 32 pixels and 32 at 224, as in the paper, and linearly between", () => {
    expect([8, 32, 64, 128, 224, 256].map(largestShift)).toEqual([4, 4, 8, 18, 32, 32]);
  });

  test("of the whole image is a cyclic shift, mirrored or not", async () => {
    const found = new Set<boolean>();
    for (let i = 0; i < 6; i++) {
      const y = await seen(ramp(), drawView(stream(2, "view", i), image, 1));
      const [dy, dx] = [(8 - Math.floor((y[0]! % 96) / 12)) % 8, y[0]! % 12];
      expect(dy).toBeLessThanOrEqual(4);
      const mirrored = (y[1]! - y[0]! + 12) % 12 === 11;
      found.add(mirrored);
      const by = mirrored ? (dx + 1) % 12 : (12 - dx) % 12;
      expect(by).toBeLessThanOrEqual(4);
      const expected = ramp().map((_, at) => {
        const [row, column] = [Math.floor((at % 96) / 12), at % 12];
        const place = (column - by + 12) % 12;
        return at - (at % 96) + ((row - dy + 8) % 8) * 12 + (mirrored ? 11 - place : place);
      });
      expect([...y]).toEqual([...expected]);
    }
    expect(found.size).toBe(2);
  });

  test("of a crop is the crop that pixels get, shifted", async () => {
    const pixels = Uint8Array.from({ length: 3 * 96 }, (_, i) => (37 * i) % 256);
    const random = stream(2, "cropped", 1);
    const crop = drawCrop(image, { ...defaultCrop, scale: [0.1, 1] }, stream(2, "cropped", 1));
    expect(crop.height * crop.width).toBeLessThan(90);
    const y = await seen(Float32Array.from([...pixels, ...pixels]), drawView(random, image, 0.1));
    const cut = cutOut(pixels, image, crop);
    const shifted = Array.from({ length: 8 * 12 * 2 }, (_, i): boolean => {
      const [mirrored, by, down] = [i >= 96, i % 12, Math.floor((i % 96) / 12)];
      return cut.every((value, at) => {
        const [row, column] = [Math.floor((at % 96) / 12), at % 12];
        const x = (mirrored ? 11 - column : column) + by;
        const to = at - (at % 96) + ((row + down) % 8) * 12 + (x % 12);
        return Math.abs(y[to]! - value) <= 0.5001;
      });
    });
    expect(shifted.filter(Boolean)).toHaveLength(1);
  });

  test("leads the gradient back to where it looked", async () => {
    const view = drawView(stream(3, "back"), image, 0.2);
    const [x, dy] = [uniform(stream(3, "x"), [2, 3, 8, 12]), uniform(stream(3, "dy"), [2, 3, 8, 12])];
    const types = { x: float32(2, 3, 8, 12), dy: float32(2, 3, 8, 12), view: viewTypes("mixes", image) };
    const traced = trace(types, ({ x: images, dy: weights, view: v }) => {
      const loss = reduceSum(mul(applyView(images, v), weights));
      return { loss, gradient: gradients(loss, images) };
    });
    const compiled = await device.compile(traced);
    const { loss, gradient } = await compiled.run({ x, dy, view });
    await compiled.release();
    const g = floats(gradient);
    // Linear: <view(x), dy> = <x, gradient>.
    expect(relativeError([floats(x).reduce((sum, v, i) => sum + v * g[i]!, 0)], [floats(loss)[0]!])).toBeLessThan(1e-4);
    expect([...g].some((v) => v === 0)).toBe(true);
  });

  test("of a padded crop shows zeros beyond the edges", async () => {
    for (let i = 0; i < 8; i++) {
      const { rows, columns } = drawPaddedCrop(stream(4, "padded", i), image);
      for (const [{ data }, length, pad] of [
        [rows, 8, 1],
        [columns, 12, 2],
      ] as const) {
        const matrix = data as Float32Array;
        const sums = Array.from({ length }, (_, row) =>
          matrix.subarray(row * length, (row + 1) * length).reduce((a, b) => a + b, 0),
        );
        expect(matrix.every((v) => v === 0 || v === 1)).toBe(true);
        expect(sums.filter((sum) => sum === 0).length).toBeLessThanOrEqual(pad);
        expect(sums.every((sum) => sum <= 1)).toBe(true);
      }
    }
  });
});

test("the curriculum falls from the whole to .08", () => {
  expect([0, 0.5, 1].map(leastArea)).toEqual([1, 0.54, 0.08]);
});
