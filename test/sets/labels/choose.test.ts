import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeSafetensors, encodeSafetensors, type Layout, type SafeTensor } from "../../../src/codecs/safetensors.ts";
import {
  chooseLabels,
  describeLabels,
  type LabelChoice,
  labelBytesOf,
  labelLayout,
} from "../../../src/sets/labels/choose.ts";

const arrays = { F16: Uint16Array, U16: Uint16Array, U8: Uint8Array } as const;
const zerosOf = (layout: Layout): Record<string, SafeTensor> =>
  Object.fromEntries(
    Object.entries(layout).map(([name, { dtype, shape }]) => {
      const data = new arrays[dtype as keyof typeof arrays](shape.reduce((n, side) => n * side, 1));
      return [name, { dtype, shape, data } as SafeTensor];
    }),
  );
/** Rows without names of their axes. */
const along = (rows: number) => ({ letters: "", sizes: [rows] });
const topK = (k: number): LabelChoice => ({ kind: "top-k", k, temperature: 30, dtype: "F16" });

describe("labelBytesOf", () => {
  it("is the size of the file", () => {
    const choices: LabelChoice[] = [
      { kind: "logits", dtype: "F16" },
      { kind: "logits", dtype: "U8" },
      topK(1),
      topK(7),
    ];
    for (const classes of [10, 256, 257, 1000]) {
      for (const choice of choices) {
        const file = encodeSafetensors(zerosOf(labelLayout(choice, 33, classes)));
        expect(labelBytesOf(choice, along(33), classes)).toBe(file.length);
      }
    }
    expect(labelBytesOf({ kind: "none" }, along(33), 10)).toBe(0);
  });

  it("of CIFAR-10, 350 images: 7 KB as half floats, less otherwise", () => {
    const bytes = (choice: LabelChoice): number => labelBytesOf(choice, along(350), 10);
    expect(bytes({ kind: "logits", dtype: "F16" })).toBe(7000 + 80);
    expect(bytes({ kind: "logits", dtype: "U8" })).toBeLessThan(4900 + 250);
    expect(bytes(topK(3))).toBeLessThan(350 * 11 + 250);
  });

  it("has every tensor at a multiple of its width", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 2, max: 300 }),
        fc.boolean(),
        (rows, classes, k) => {
          const choice = k ? topK(1 + (rows % (classes - 1))) : ({ kind: "logits", dtype: "U8" } as const);
          const file = encodeSafetensors(zerosOf(labelLayout(choice, rows, classes)));
          const length = Number(new DataView(file.buffer).getBigUint64(0, true));
          const header = JSON.parse(new TextDecoder().decode(file.subarray(8, 8 + length))) as Record<
            string,
            { dtype: string; data_offsets: [number, number] }
          >;
          for (const { dtype, data_offsets: at } of Object.values(header))
            expect(at[0] % (dtype === "U8" ? 1 : 2)).toBe(0);
          expect(Object.keys(decodeSafetensors(file, "x").tensors)).toHaveLength(3);
        },
      ),
    );
  });
});

describe("chooseLabels", () => {
  it("takes half floats without a limit, then 8 bits, then as many classes as fit", () => {
    expect(chooseLabels(along(350), 10, 30)).toEqual({ kind: "logits", dtype: "F16" });
    expect(chooseLabels(along(350), 10, 30, 7080)).toEqual({ kind: "logits", dtype: "F16" });
    expect(chooseLabels(along(350), 10, 30, 7079)).toEqual({ kind: "logits", dtype: "U8" });
    expect(chooseLabels(along(350), 10, 30, 4500)).toEqual(topK(3));
    expect(chooseLabels(along(36_000), 1000, 20, 5e6)).toEqual({ kind: "top-k", k: 34, temperature: 20, dtype: "F16" });
  });

  it("never exceeds the limit, and takes nothing less faithful than could be had", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5000 }),
        fc.integer({ min: 1, max: 300 }),
        fc.nat(300_000),
        (rows, C, most) => {
          let choice: LabelChoice;
          try {
            choice = chooseLabels(along(rows), C, 30, most);
          } catch (error) {
            const least = Number(/use --label-bytes (\d+) or more/.exec((error as Error).message)?.[1]);
            expect(least).toBeGreaterThan(most);
            choice = chooseLabels(along(rows), C, 30, least);
            expect(labelBytesOf(choice, along(rows), C)).toBe(least);
            return;
          }
          expect(labelBytesOf(choice, along(rows), C)).toBeLessThanOrEqual(most);
          if (choice.kind === "top-k") {
            expect(choice.k).toBeLessThan(C);
            expect(labelBytesOf({ kind: "logits", dtype: "U8" }, along(rows), C)).toBeGreaterThan(most);
            if (choice.k + 1 < C)
              expect(labelBytesOf({ ...choice, k: choice.k + 1 }, along(rows), C)).toBeGreaterThan(most);
          }
        },
      ),
    );
  });

  it("names what the smallest needs", () => {
    expect(() => chooseLabels(along(350), 10, 30, 1000)).toThrow(expect.objectContaining({ code: "BUDGET" }));
    expect(() => chooseLabels(along(350), 10, 30, 1000)).toThrow(
      /^labels of 350 images and 10 classes do not fit into 1000 bytes: they need at least \d+ \(the 1 largest of 10 logits .*; use --label-bytes \d+ or more/,
    );
  });
});

it("says in words how labels are stored", () => {
  expect(describeLabels({ kind: "none" }, 10)).toBe("none");
  expect(describeLabels({ kind: "logits", dtype: "F16" }, 10)).toBe("logits as half floats");
  expect(describeLabels(topK(3), 10)).toBe(
    "the 3 largest of 10 logits as half floats, the others alike (temperature 30)",
  );
});
