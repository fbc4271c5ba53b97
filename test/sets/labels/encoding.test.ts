import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeFloat16, encodeFloat16 } from "../../../src/codecs/float16.ts";
import { layoutMisfit } from "../../../src/codecs/tensor-layout.ts";
import { type LabelChoice, labelLayout } from "../../../src/sets/labels/choose.ts";
import { labelProblem, packLabels, unpackLabels } from "../../../src/sets/labels/encoding.ts";

type Stored = Exclude<LabelChoice, { readonly kind: "none" }>;
const half: Stored = { kind: "logits", dtype: "F16" };
const bytes: Stored = { kind: "logits", dtype: "U8" };
const topK = (k: number, temperature = 30): Stored => ({ kind: "top-k", k, temperature, dtype: "F16" });

const roundTrip = (choice: Stored, logits: Float32Array, classes: number): Float32Array => {
  const write = unpackLabels(choice, packLabels(choice, logits, classes), classes);
  const out = new Float32Array(logits.length);
  for (let row = 0; row < logits.length / classes; row++) write(row, out, row * classes);
  return out;
};

/** Probabilities at a temperature, in doubles. */
const softmax = (logits: ArrayLike<number>, temperature: number): number[] => {
  const z = Array.from(logits, (value) => value / temperature);
  const top = Math.max(...z);
  const weights = z.map((value) => Math.exp(value - top));
  const sum = weights.reduce((a, b) => a + b, 0);
  return weights.map((weight) => weight / sum);
};

/** Logits of some rows over 2 to 9 classes. */
const anyLogits = fc.integer({ min: 2, max: 9 }).chain((classes) =>
  fc.record({
    classes: fc.constant(classes),
    logits: fc
      .array(fc.array(fc.float({ noNaN: true, min: -60, max: 60 }), { minLength: classes, maxLength: classes }), {
        minLength: 1,
        maxLength: 4,
      })
      .map((rows) => Float32Array.from(rows.flat())),
  }),
);

describe("packed labels", () => {
  it("have the layout that the choice promises, and no problem", () => {
    fc.assert(
      fc.property(anyLogits, ({ classes, logits }) => {
        for (const choice of [half, bytes, topK(1), topK(classes - 1)]) {
          const packed = packLabels(choice, logits, classes);
          expect(layoutMisfit(packed, labelLayout(choice, logits.length / classes, classes))).toBeUndefined();
          expect(labelProblem(choice, packed, classes)).toBeUndefined();
        }
      }),
    );
    expect(packLabels({ kind: "none" }, Float32Array.of(1, 2), 2)).toEqual({});
  });

  it("as half floats are the bits of half floats", () => {
    const logits = Float32Array.of(1 / 3, -7, 0.1, 12.34, -0, 65504);
    expect(packLabels(half, logits, 3).logits?.data).toEqual(encodeFloat16(logits));
    expect(roundTrip(half, logits, 3)).toEqual(decodeFloat16(encodeFloat16(logits)));
  });

  it("at 8 bits are off by half a step, and a half float's rounding of the offset", () => {
    fc.assert(
      fc.property(anyLogits, ({ classes, logits }) => {
        const read = roundTrip(bytes, logits, classes);
        for (let from = 0; from < logits.length; from += classes) {
          const row = logits.subarray(from, from + classes);
          const [low, high] = [Math.min(...row), Math.max(...row)];
          const bound = (0.51 * (high - low)) / 255 + 2 ** -10 * Math.abs(low) + 1e-5;
          row.forEach((z, c) => {
            expect(Math.abs(read[from + c]! - z)).toBeLessThanOrEqual(bound);
          });
        }
      }),
      { numRuns: 500 },
    );
  });

  it("at 8 bits keep rows whose logits are all alike, also where the offset is rounded up", () => {
    const row = Float32Array.of(10.0049, 10.0049, 10.0049);
    for (const z of roundTrip(bytes, row, 3)) expect(z).toBeCloseTo(10.0049, 1);
  });
});

describe("the k largest", () => {
  it("keeps them, largest first, the first class of equal ones", () => {
    const packed = packLabels(topK(3), Float32Array.of(2, 5, -1, 5, 2, 2), 6);
    expect(Array.from(packed.top_classes?.data as Uint8Array)).toEqual([1, 3, 0]);
    expect(Array.from(decodeFloat16(packed.logits?.data as Uint16Array))).toEqual([5, 5, 2]);
  });

  it("numbers classes in 16 bits where there are more than 256", () => {
    const logits = new Float32Array(257).fill(-1).fill(4, 256);
    expect(packLabels(topK(1), logits, 257).top_classes).toEqual({
      dtype: "U16",
      shape: [1, 1],
      data: Uint16Array.of(256),
    });
    expect(roundTrip(topK(1), logits, 257)).toEqual(logits);
  });

  it("is exact where the others are alike: r is their logit", () => {
    const logits = Float32Array.of(7, -2, -2, 3, -2, 0.5, 0.5, 8, 1, 0.5);
    expect(roundTrip(topK(2), logits, 5)).toEqual(logits);
  });

  it("keeps the others' joint probability at its temperature, up to the rounding of half floats", () => {
    fc.assert(
      fc.property(anyLogits, fc.nat(), fc.constantFrom(1, 4, 30), ({ classes, logits }, pick, temperature) => {
        const k = 1 + (pick % (classes - 1));
        const choice = topK(k, temperature);
        const packed = packLabels(choice, logits, classes);
        const read = roundTrip(choice, logits, classes);
        for (let row = 0; row * classes < logits.length; row++) {
          const kept = new Set((packed.top_classes!.data as Uint8Array).subarray(row * k, (row + 1) * k));
          const z = logits.subarray(row * classes, (row + 1) * classes);
          const others = (values: Float32Array): number =>
            softmax(values, temperature).reduce((sum, p, c) => (kept.has(c) ? sum : sum + p), 0);
          const odds = (p: number): number => Math.log(p / (1 - p));
          const [was, is] = [others(z), others(read.subarray(row * classes, (row + 1) * classes))];
          // Both the kept logits and r are rounded, each by half of its last place: 2^-11 of its size.
          const size = Math.max(...z.map(Math.abs));
          expect(Math.abs(odds(is) - odds(was))).toBeLessThanOrEqual((2 * 2 ** -11 * size) / temperature + 1e-6);
        }
      }),
      { numRuns: 500 },
    );
  });

  it("overflows nowhere at a low temperature", () => {
    const read = roundTrip(topK(1, 0.01), Float32Array.of(60000, -60000, 50000), 3);
    expect(read[0]).toBe(60000);
    expect(read[2]).toBe(49984);
  });

  it("finds classes that do not exist or are named twice", () => {
    const packed = packLabels(topK(2), Float32Array.of(1, 2, 3, 4, 5, 6), 3);
    const forged = (...classes: number[]) => ({
      ...packed,
      top_classes: { dtype: "U8", shape: [2, 2], data: Uint8Array.from(classes) } as const,
    });
    expect(labelProblem(topK(2), forged(0, 1, 3, 1), 3)).toBe("its row 1 names class 3, there are 3");
    expect(labelProblem(topK(2), forged(0, 0, 2, 1), 3)).toBe("its row 0 names a class twice");
  });
});

it("logits that are no half floats are refused, naming image and class", () => {
  for (const choice of [half, bytes, topK(1)]) {
    for (const bad of [Number.NaN, Number.NEGATIVE_INFINITY, 65520]) {
      const logits = Float32Array.of(1, 2, 3, 4, 5, bad);
      expect(() => packLabels(choice, logits, 3)).toThrow(expect.objectContaining({ code: "NOT_FINITE" }));
      expect(() => packLabels(choice, logits, 3)).toThrow(/image 1, class 2 is (NaN|-Infinity|65520)/);
    }
  }
});
