import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeFloat16, encodeFloat16 } from "../../src/codecs/float16.ts";

const encode = (value: number): number => encodeFloat16(Float32Array.of(value))[0]!;
const decode = (half: number): number => decodeFloat16(Uint16Array.of(half))[0]!;

describe("float16", () => {
  it("gives every half back", () => {
    const halves = Uint16Array.from({ length: 65536 }, (_, half) => half);
    const values = decodeFloat16(halves);
    const again = encodeFloat16(values);
    const wrong = halves.filter((half, i) =>
      Number.isNaN(values[i]!) ? (half & 0x7c00) !== 0x7c00 : again[i] !== half,
    );
    expect(wrong).toHaveLength(0);
  });

  it.each([
    [0, 0x0000],
    [-0, 0x8000],
    [1, 0x3c00],
    [-2, 0xc000],
    [1 / 3, 0x3555],
    [65504, 0x7bff],
    [65519.996, 0x7bff],
    [65520, 0x7c00],
    [65536, 0x7c00],
    [-1e30, 0xfc00],
    [Number.POSITIVE_INFINITY, 0x7c00],
    [Number.NaN, 0x7e00],
    [2 ** -14, 0x0400],
    [2 ** -14 - 2 ** -26, 0x0400],
    [2 ** -24, 0x0001],
    [2 ** -25, 0x0000],
    [2 ** -25 + 2 ** -48, 0x0001],
    [3 * 2 ** -25, 0x0002],
    [-(2 ** -26), 0x8000],
    [2 ** -140, 0x0000],
    [1 + 2 ** -11, 0x3c00],
    [1 + 3 * 2 ** -11, 0x3c02],
  ])("encodes %d as %d", (value, half) => {
    expect(encode(value)).toBe(half);
  });

  it("chooses the nearest half, the even one of two", () => {
    fc.assert(
      fc.property(fc.float({ noNaN: true, min: -65504, max: 65504 }), (value) => {
        const half = encode(value);
        const error = Math.abs(decode(half) - value);
        for (const neighbour of [half - 1, half + 1]) {
          if ((neighbour & 0x7fff) > 0x7bff || (neighbour & 0x8000) !== (half & 0x8000)) continue;
          const other = Math.abs(decode(neighbour) - value);
          expect(other).toBeGreaterThanOrEqual(error);
          if (other === error) expect(half & 1).toBe(0);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it("reads views that start inside a buffer", () => {
    const values = Float32Array.of(9, 1, 2);
    expect(Array.from(decodeFloat16(encodeFloat16(values.subarray(1))))).toEqual([1, 2]);
  });
});
