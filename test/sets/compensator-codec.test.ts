import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeFloat16, encodeFloat16 } from "../../src/codecs/float16.ts";
import { layoutMisfit, notFinite } from "../../src/codecs/tensor-layout.ts";
import {
  compensatorDtypes,
  compensatorLayout,
  packCompensators,
  roundCompensators,
  unpackCompensators,
} from "../../src/sets/compensator-codec.ts";

const image = { height: 1, width: 2 };
/** K = 1, V = 2 compensators of two pixels. */
const shape = [1, 2, 3, 1, 2];
const anyValues = fc
  .array(fc.oneof(...[9, 60000].map((most) => fc.float({ noNaN: true, min: -most, max: most }))), {
    minLength: 12,
    maxLength: 12,
  })
  .map((values) => Float32Array.from(values));

describe("compensators", () => {
  it("as floats are kept, as half floats are half floats", () => {
    const values = Float32Array.from({ length: 12 }, (_, i) => i / 7 - 0.5);
    expect(roundCompensators("F32", values, image)).toEqual(values);
    expect(roundCompensators("F16", values, image)).toEqual(decodeFloat16(encodeFloat16(values)));
    expect(packCompensators("F16", values, shape)).toEqual({
      compensators: { dtype: "F16", shape, data: encodeFloat16(values) },
    });
  });

  it("have the layout that the manifest promises, also none of them", () => {
    for (const dtype of compensatorDtypes) {
      expect(layoutMisfit(packCompensators(dtype, new Float32Array(12), shape), compensatorLayout(dtype, shape))).toBe(
        undefined,
      );
    }
    expect(roundCompensators("I8", new Float32Array(0), image)).toHaveLength(0);
  });

  it.each([
    ["I8", 127],
    ["I4", 7],
  ] as const)("as %s are off by at most half a step of their channel, and 0 stays 0", (dtype, largest) => {
    fc.assert(
      fc.property(anyValues, (values) => {
        const read = roundCompensators(dtype, values, image);
        values.forEach((value, i) => {
          const from = 2 * Math.floor(i / 2);
          const most = Math.max(Math.abs(values[from]!), Math.abs(values[from + 1]!));
          const step = Math.max(2 ** -14, most / largest) * (1 + 2 ** -11);
          expect(Math.abs(read[i]! - value)).toBeLessThanOrEqual(step / 2 + 1e-12);
          if (value === 0) expect(Math.abs(read[i]!)).toBe(0);
        });
      }),
      { numRuns: 1000 },
    );
  });

  it("of 4 bits stand two in a byte, the first in its lower half, each channel from a new byte", () => {
    const channels = [7, -7, 3, 0, 0, 0, 1, 7, 0].map((q) => q / 8);
    const { compensators } = packCompensators("I4", Float32Array.from(channels), [1, 3, 1, 3]);
    expect(compensators).toMatchObject({ dtype: "U8", shape: [1, 3, 2] });
    expect([...compensators!.data]).toEqual([0x1f, 0x8b, 0x88, 0x88, 0xf9, 0x88]);
  });

  it("rounded a second time do not change", () => {
    fc.assert(
      fc.property(anyValues, fc.constantFrom(...compensatorDtypes), (values, dtype) => {
        const once = packCompensators(dtype, values, shape);
        expect(packCompensators(dtype, unpackCompensators(dtype, once, shape), shape)).toEqual(once);
      }),
      { numRuns: 1000 },
    );
  });

  it("that are not finite are seen in every type", () => {
    for (const dtype of compensatorDtypes) {
      for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
        const packed = packCompensators(dtype, new Float32Array(12).fill(bad, 3, 4), shape);
        expect(notFinite(packed)).toMatch(/^compensator/);
      }
    }
    expect(notFinite(packCompensators("F16", new Float32Array(12).fill(70000), shape))).toBe("compensators");
    expect(notFinite(packCompensators("I8", new Float32Array(12).fill(70000), shape))).toBe(undefined);
  });
});
