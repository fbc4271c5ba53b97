import { readFileSync } from "node:fs";
import fc from "fast-check";
import { expect, test } from "vitest";
import { readMatFile } from "../../src/data/mat-file.ts";

const golden = (name: string): Buffer => readFileSync(new URL(`../goldens/${name}`, import.meta.url));

test.each(["meta.mat", "meta-plain.mat"])("a table of structures, as MATLAB and scipy write it: %s", (name) => {
  const rows = readMatFile(golden(name)).get("synsets");
  expect(rows).toHaveLength(4);
  expect(rows![0]).toEqual({
    ILSVRC2012_ID: [1],
    WNID: "n01641577",
    words: "bullfrog, Rana catesbeiana",
    gloss: "largest North American frog",
    num_children: [0],
    children: [],
    wordnet_height: [0],
    num_train_images: [1300],
  });
  expect(rows![3]).toMatchObject({ ILSVRC2012_ID: [1001], WNID: "n00001740", children: [1, 2, 3] });
});

test("whatever else is given ends with an answer or an error, at once", () => {
  const whole = golden("meta-plain.mat");
  expect(() => readMatFile(Buffer.from("no"))).toThrow("not a little-endian MATLAB file of version 5");
  fc.assert(
    fc.property(fc.integer({ min: 128, max: whole.length - 1 }), fc.nat(255), fc.boolean(), (at, value, cut) => {
      const damaged = cut ? whole.subarray(0, at) : Buffer.from(whole.with(at, value));
      try {
        readMatFile(damaged);
      } catch (error) {
        expect(error).toBeInstanceOf(Error);
        expect((error as Error).message).not.toBe("");
      }
    }),
    { numRuns: 2000 },
  );
});
