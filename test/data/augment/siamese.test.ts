import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { float32, gradients, mul, reduceSum, type Tensor, tensor, trace } from "../../../src/autodiff/index.ts";
import { colourType, recolour } from "../../../src/data/augment/colour.ts";
import type { Size } from "../../../src/data/augment/resized-crop.ts";
import { drawSiamese, siamese } from "../../../src/data/augment/siamese.ts";
import { type Device, openDevice } from "../../../src/runtime/index.ts";
import { type Random, stream } from "../../../src/support/random.ts";
import { dot, floats, moved, relativeError, uniform } from "../../autodiff/draw.ts";

let device: Device;
beforeAll(async () => {
  device = await openDevice("cpu", { threads: 1 });
});
afterAll(() => device.close());

type View = Readonly<Record<string, Tensor>>;

const [colour, shift, mirror, scale, hole] = [0, 1, 2, 3, 4];

/** A Random whose answers are given. */
const scripted = (ints: number[], floatsGiven: number[] = []): Random => ({
  ...stream(0),
  int: () => ints.shift() ?? 0,
  float: () => floatsGiven.shift() ?? 0.5,
});

const copied = (view: View): View =>
  Object.fromEntries(
    Object.entries(view).map(([name, { data, shape }]) => [name, tensor(data.slice() as Float32Array, shape)]),
  );

/** Images [n, 3, H, W] as a view shows them. */
const seen = async (images: Tensor, view: View): Promise<Float32Array> => {
  const [, , height, width] = images.shape as [number, number, number, number];
  const { types, apply } = siamese({ height, width });
  const compiled = await device.compile(
    trace({ images: float32(...images.shape), view: types }, (given) => ({ out: apply(given.images, given.view) })),
  );
  const { out } = await compiled.run({
    images: tensor(floats(images).slice(), images.shape),
    view: copied(view),
  });
  await compiled.release();
  return floats(out);
};

/** Three planes, the second and third ten and twenty higher. */
const planes = (plane: readonly number[]): number[] => [0, 10, 20].flatMap((by) => plane.map((v) => v + by));

const image: Size = { height: 8, width: 8 };
const counting = (height = 8, width = 8): Tensor =>
  tensor(
    Float32Array.from({ length: 6 * height * width }, (_, i) => i / 10),
    [2, 3, height, width],
  );

/** What place (y, x) of any plane shows of the images, and 0 where it shows nothing. */
const byPlaces = (images: Tensor, from: (y: number, x: number) => readonly [number, number] | undefined) => {
  const [, , height, width] = images.shape as [number, number, number, number];
  return floats(images).map((_, i, all) => {
    const plane = Math.floor(i / (height * width));
    const place = from(Math.floor(i / width) % height, i % width);
    return place === undefined ? 0 : all[(plane * height + place[0]) * width + place[1]]!;
  });
};

describe("each change does what its name says", () => {
  test("none leaves images as they are", async () => {
    // A mirroring that is not drawn, a shift by nothing, a scale of one.
    const still = [
      scripted([mirror, 0]),
      scripted([shift, 1, 1]),
      scripted([scale], Array(2).fill((1.2 * 1 - 1) / (1.2 * 1.2 - 1))),
    ];
    for (const [i, random] of still.entries()) {
      const images = counting();
      expect(relativeError(await seen(images, drawSiamese(random, image)), floats(images)), String(i)).toBeLessThan(
        1e-6,
      );
    }
  });

  test("colour is that of colour.ts, and nothing moves", async () => {
    const images = uniform(stream(4, "images"), [2, 3, 8, 8]);
    const view = drawSiamese(scripted([colour], [0.9, 0.2, 0.7]), image);
    expect([...floats(view.colour!)].map((v) => Math.round(v * 1e4) / 1e4)).toEqual([0.4, 0.4, 1.2]);
    const compiled = await device.compile(
      trace({ x: float32(2, 3, 8, 8), colour: colourType }, (given) => ({ y: recolour(given.x, given.colour) })),
    );
    const { y } = await compiled.run({
      x: tensor(floats(images).slice(), images.shape),
      colour: tensor(floats(view.colour!).slice(), [3]),
    });
    await compiled.release();
    expect(relativeError(await seen(images, view), floats(y))).toBeLessThan(1e-6);
  });

  test("a shift moves by up to an eighth of each side, zeros coming in", async () => {
    const wide: Size = { height: 8, width: 16 };
    const images = counting(8, 16);
    // Places are drawn from 0 to 2 on 8 rows, from 0 to 4 on 16 columns.
    const view = drawSiamese(scripted([shift, 2, 0]), wide);
    const expected = byPlaces(images, (y, x) => (y + 1 < 8 && x - 2 >= 0 ? [y + 1, x - 2] : undefined));
    expect(relativeError(await seen(images, view), expected)).toBeLessThan(1e-6);
  });

  test("mirroring turns left and right", async () => {
    const images = counting();
    const out = await seen(images, drawSiamese(scripted([mirror, 1]), image));
    expect(
      relativeError(
        out,
        byPlaces(images, (y, x) => [y, 7 - x]),
      ),
    ).toBeLessThan(1e-6);
  });

  test("a scale keeps the middle, and shows zeros where it reads beyond the image", async () => {
    const odd: Size = { height: 3, width: 3 };
    const images = tensor(Float32Array.from(planes([1, 2, 3, 4, 5, 6, 7, 8, 9])), [1, 3, 3, 3]);
    // Largest: rows and columns are read at -0.2, 1 and 2.2, that is 0.8 of the outer ones.
    const out = await seen(images, drawSiamese(scripted([scale], [1, 1]), odd));
    const [a, b] = [0.8, 0.64];
    const expected = planes([1, 2, 3, 4, 5, 6, 7, 8, 9]).map((v, i) => v * [b, a, b, a, 1, a, b, a, b][i % 9]!);
    expect(relativeError(out, Float32Array.from(expected))).toBeLessThan(1e-6);
    // Smallest: at 1/6, 1 and 11/6; rows alone are read so, columns as they are.
    const rows = await seen(images, drawSiamese(scripted([scale], [0, (1 - 1 / 1.2) / (1.2 - 1 / 1.2)]), odd));
    const closer = planes([1.5, 2.5, 3.5, 4, 5, 6, 6.5, 7.5, 8.5]);
    expect(relativeError(rows, Float32Array.from(closer))).toBeLessThan(1e-6);
  });

  test("a hole of half of each side is zero, and cut off at the edge", async () => {
    const images = tensor(
      floats(counting()).map((v) => v + 1),
      [2, 3, 8, 8],
    );
    const inside = (from: number, to: number, i: number): boolean => i >= from && i < to;
    const middle = await seen(images, drawSiamese(scripted([hole, 4, 5]), image));
    const corner = await seen(images, drawSiamese(scripted([hole, 0, 8]), image));
    const without = (cut: (y: number, x: number) => boolean) =>
      byPlaces(images, (y, x) => (cut(y, x) ? undefined : [y, x]));
    expect(
      relativeError(
        middle,
        without((y, x) => inside(2, 6, y) && inside(3, 7, x)),
      ),
    ).toBeLessThan(1e-6);
    expect(
      relativeError(
        corner,
        without((y, x) => inside(0, 2, y) && inside(6, 8, x)),
      ),
    ).toBeLessThan(1e-6);
    expect([...middle].filter((v) => v === 0)).toHaveLength(6 * 16);
  });
});

test("every change is drawn, one at a time, and the same stream draws the same", () => {
  const plain = drawSiamese(scripted([mirror, 0]), image);
  const differs = (view: View): string[] =>
    Object.keys(plain).filter((name) => floats(view[name]!).join() !== floats(plain[name]!).join());
  const kinds = new Set<string>();
  for (let i = 0; i < 300; i++) {
    const view = drawSiamese(stream(5, "view", i), image);
    expect(drawSiamese(stream(5, "view", i), image)).toEqual(view);
    kinds.add(differs(view).sort().join(" and "));
  }
  // A mirroring or a shift need not change anything, or the other axis.
  const drawn = ["", "colour", "columns", "columns and rows", "cutColumns and cutRows", "rows"];
  expect([...kinds].sort()).toEqual(drawn);
});

test("it says that it does more than to move pixels", () => {
  expect(siamese(image).moves).toBe(false);
});

test.each([
  ["colour", scripted([colour], [0.9, 0.2, 0.7])],
  ["shift", scripted([shift, 2, 0])],
  ["mirroring", scripted([mirror, 1])],
  ["scale", scripted([scale], [0.9, 0.2])],
  ["hole", scripted([hole, 4, 5])],
])("gradients go through it: %s", async (_name, random) => {
  const shape = [2, 3, 8, 8];
  const { types, apply } = siamese(image);
  const compiled = await device.compile(
    trace({ images: float32(...shape), weights: float32(...shape), view: types }, ({ images, weights, view }) => {
      const out = apply(images, view);
      const loss = reduceSum(mul(mul(out, out), weights));
      return { loss, gradient: gradients(loss, { images }).images };
    }),
  );
  const view = drawSiamese(random, image);
  const run = async (images: Tensor) => {
    const { loss, gradient } = await compiled.run({
      images: tensor(floats(images).slice(), shape),
      weights: uniform(stream(7, "weights"), shape, 0.5, 1),
      view: copied(view),
    });
    return { loss: floats(loss)[0]!, gradient: floats(gradient) };
  };
  const images = uniform(stream(7, "images"), shape);
  const { gradient } = await run(images);
  const direction = tensor(
    gradient.map((v, i) => v + floats(uniform(stream(7, "direction"), shape))[i]!),
    shape,
  );
  const h = 0.05;
  // Quadratic in the images, so that central differences are exact.
  const slope =
    ((await run(moved(images, direction, h))).loss - (await run(moved(images, direction, -h))).loss) / (2 * h);
  const expected = dot(gradient, floats(direction));
  await compiled.release();
  expect(Math.abs(slope - expected) / Math.abs(expected)).toBeLessThan(1e-3);
});
