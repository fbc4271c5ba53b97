import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { budgetOf, leastIpc } from "../../src/sets/budget.ts";

describe("budgetOf", () => {
  // The table of the method's paper: ipc, classes, teachers -> bases, compensators, training images.
  it.each([
    [10, 10, 4, 7, 28, 350],
    [50, 10, 4, 35, 140, 1750],
    [10, 100, 4, 9, 36, 4500],
    [50, 100, 4, 48, 192, 24000],
    [100, 100, 4, 96, 384, 48000],
    [10, 200, 4, 9, 36, 9000],
    [50, 200, 4, 49, 196, 49000],
    [10, 1000, 3, 9, 27, 36000],
    [50, 1000, 3, 49, 147, 196000],
  ])("ipc %d, %d classes, %d teachers", (ipc, classes, teachers, bases, compensators, trainingImages) => {
    expect(budgetOf(ipc, { classes, perBase: teachers })).toEqual({
      ipc,
      bases,
      compensators,
      perBase: teachers,
      perClass: 0,
      trainingImages,
    });
  });

  it("never stores more than ipc images a class, and never leaves room for one more base set", () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 500 }), fc.integer({ min: 1, max: 1000 }), fc.nat(8), (ipc, C, m) => {
        const M = m + 1;
        fc.pre(ipc * C >= C + M);
        const { bases } = budgetOf(ipc, { classes: C, perBase: M });
        expect(bases * (C + M)).toBeLessThanOrEqual(ipc * C);
        expect((bases + 1) * (C + M)).toBeGreaterThan(ipc * C);
      }),
    );
  });

  it("never stores more values than ipc images a class have, and fills them, whatever an image is stored in", () => {
    const at = (from: number, to: number) => fc.integer({ min: from, max: to });
    fc.assert(
      fc.property(
        at(1, 500),
        at(1, 1000),
        fc.nat(8),
        fc.constantFrom(1, 2, 4, 9),
        (ipc, classes, perBase, perImage) => {
          const spending = { classes, perBase, perImage };
          fc.pre(ipc >= leastIpc(spending));
          const { bases, compensators, trainingImages } = budgetOf(ipc, spending);
          // In the values of an image, times perImage so that all numbers are whole.
          const cost = (K: number): number => K * classes + K * perBase * perImage;
          expect(cost(bases)).toBeLessThanOrEqual(ipc * classes * perImage);
          expect(cost(bases + 1)).toBeGreaterThan(ipc * classes * perImage);
          expect([compensators, trainingImages]).toEqual([bases * perBase, (perBase + 1) * bases * classes]);
          const least = leastIpc(spending);
          expect(budgetOf(least, spending).bases).toBeGreaterThanOrEqual(1);
          if (least > 1) expect(() => budgetOf(least - 1, spending)).toThrow(`use --ipc ${least} or more`);
        },
      ),
    );
  });

  it("is ipc base sets without compensators", () => {
    expect(budgetOf(10, { classes: 100, perBase: 0 })).toEqual({
      ipc: 10,
      bases: 10,
      compensators: 0,
      perBase: 0,
      perClass: 0,
      trainingImages: 1000,
    });
    expect(budgetOf(1, { classes: 10, perBase: 0 })).toEqual({
      ipc: 1,
      bases: 1,
      compensators: 0,
      perBase: 0,
      perClass: 0,
      trainingImages: 10,
    });
  });

  it("copies INFER's bases to as many training images", () => {
    expect(budgetOf(10, { classes: 10, perBase: 4, copies: true })).toEqual({
      ipc: 10,
      bases: 7,
      compensators: 0,
      perBase: 0,
      perClass: 0,
      trainingImages: 350,
    });
  });

  it("pays for compensators of classes first, once for all base sets", () => {
    const at = (from: number, to: number) => fc.integer({ min: from, max: to });
    fc.assert(
      fc.property(at(1, 100), at(1, 100), fc.nat(4), at(1, 8), fc.constantFrom(1, 4, 9), (ipc, C, V, U, perImage) => {
        const spending = { classes: C, perBase: V, perClass: U, perImage };
        const least = leastIpc(spending);
        expect(budgetOf(least, spending).bases).toBeGreaterThanOrEqual(1);
        if (least > 1) expect(() => budgetOf(least - 1, spending)).toThrow(`use --ipc ${least} or more`);
        fc.pre(ipc >= least);
        const { bases: K, compensators, trainingImages } = budgetOf(ipc, spending);
        // In values of one image over perImage.
        const cost = (bases: number): number => bases * C + (bases * V + C * U) * perImage;
        expect(cost(K)).toBeLessThanOrEqual(ipc * C * perImage);
        expect(cost(K + 1)).toBeGreaterThan(ipc * C * perImage);
        expect([compensators, trainingImages]).toEqual([K * V + C * U, (1 + V + U) * K * C]);
      }),
    );
    expect(() => budgetOf(3, { classes: 10, perBase: 0, perClass: 3 })).toThrow(
      "ipc 3 is too small for 10 classes and 3 compensators a class: one base set and its compensators need 40 images, 3 a class are 30; use --ipc 4 or more",
    );
    expect(() => budgetOf(1, { classes: 10, perBase: 2, perClass: 1 })).toThrow(
      "10 classes and 2 compensators a base set and 1 compensator a class: one base set and its compensators need 22 images",
    );
  });

  it("names the least ipc that works, and it works", () => {
    expect(() => budgetOf(1, { classes: 10, perBase: 4 })).toThrow(expect.objectContaining({ code: "BUDGET" }));
    expect(() => budgetOf(1, { classes: 10, perBase: 4 })).toThrow(
      /ipc 1 is too small for 10 classes and 4 compensators a base set: .*--ipc 2 or more/,
    );
    expect(() => budgetOf(2, { classes: 2, perBase: 4 })).toThrow(/--ipc 3 or more/);
    expect(budgetOf(3, { classes: 2, perBase: 4 }).bases).toBe(1);
    expect(budgetOf(2, { classes: 10, perBase: 4 }).bases).toBe(1);
  });
});
