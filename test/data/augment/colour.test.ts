import { expect, test } from "vitest";
import { float32, trace } from "../../../src/autodiff/index.ts";
import { colourType, drawColour, recolour } from "../../../src/data/augment/colour.ts";
import { openDevice } from "../../../src/runtime/index.ts";
import { stream } from "../../../src/support/random.ts";
import { floats, relativeError, uniform } from "../../autodiff/draw.ts";

/** Brightness, saturation, contrast of images [2, 3, 4, 5], one after the other and pixel by pixel. */
const byHand = (x: Float32Array, [brightness, saturation, contrast]: readonly number[]): Float32Array => {
  const out = x.map((v) => v + brightness!);
  const average = (places: readonly number[]): number => places.reduce((sum, at) => sum + out[at]!, 0) / places.length;
  const stretch = (places: readonly number[], by: number): void => {
    const middle = average(places);
    for (const at of places) out[at] = (out[at]! - middle) * by + middle;
  };
  for (let n = 0; n < 2; n++) {
    for (let p = 0; p < 20; p++)
      stretch(
        [0, 1, 2].map((c) => (n * 3 + c) * 20 + p),
        saturation!,
      );
    stretch(
      Array.from({ length: 60 }, (_, i) => n * 60 + i),
      contrast!,
    );
  }
  return out;
};

test("a colour moves brightness, saturation and contrast of every image in turn", async () => {
  const device = await openDevice("cpu", { threads: 1 });
  const shape = [2, 3, 4, 5];
  const compiled = await device.compile(
    trace({ x: float32(...shape), colour: colourType }, ({ x, colour }) => ({ y: recolour(x, colour) })),
  );
  const drawn: number[][] = [];
  for (let i = 0; i < 40; i++) {
    const colour = drawColour(stream(4, "colour", i));
    drawn.push([...(colour.data as Float32Array)]);
    const x = uniform(stream(4, "image", i), shape, -2, 2);
    const expected = byHand(x.data as Float32Array, drawn[i]!);
    const { y } = await compiled.run({ x, colour });
    expect(relativeError(floats(y), expected)).toBeLessThan(1e-5);
  }
  await device.close();
  for (const [at, low, high] of [
    [0, -0.5, 0.5],
    [1, 0, 2],
    [2, 0.5, 1.5],
  ] as const) {
    const values = drawn.map((colour) => colour[at]!);
    expect(Math.min(...values)).toBeGreaterThanOrEqual(low);
    expect(Math.max(...values)).toBeLessThan(high);
    expect(Math.max(...values) - Math.min(...values)).toBeGreaterThan(0.8 * (high - low));
  }
});
