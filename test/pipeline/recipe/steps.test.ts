import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { splitOf } from "../../../src/data/dataset.ts";
import { parseRecipe } from "../../../src/pipeline/recipe/parse.ts";
import { settleSteps } from "../../../src/pipeline/recipe/steps.ts";
import type { Recipe } from "../../../src/recipe/recipe.ts";

const settle = (fields: object, images: number) =>
  settleSteps(parseRecipe({ data: "photos", ...fields }, "test"), {
    train: splitOf(new Uint8Array(images), new Int32Array(images)),
  });

const epochsOf = ({ recipe }: { readonly recipe: Recipe }) => [recipe.teacher.epochs, recipe.full.epochs];

describe("epochs of few images", () => {
  it("are as many as the least number of steps takes, and said", () => {
    const settled = settle({}, 354);
    expect(epochsOf(settled)).toEqual([100, 100]);
    expect(settled.notes).toEqual([
      "teacher.epochs: 100 in place of 10, as 354 training images need so many for 600 steps (--teacher-min-steps; --teacher-epochs goes before it)",
      "full.epochs: 100 in place of 6, as 354 training images need so many for 600 steps (--full-min-steps; --full-epochs goes before it)",
    ]);
    // A run's recipe is the same when it is read again, and holds no least number.
    expect(settle(settled.recipe, 354)).toEqual({ recipe: settled.recipe, notes: [] });
    expect(JSON.stringify(settled.recipe)).not.toContain("minSteps");
  });

  it.each([
    ["images are many", {}, 49_000, [10, 6]],
    ["it is the demo", { data: "demo" }, 3920, [4, 7]],
    ["they are given", { teacher: { epochs: 10 }, full: { epochs: 0 } }, 20, [10, 0]],
    ["only those of teachers are given", { teacher: { epochs: 3 } }, 640, [3, 60]],
    ["none are wanted of all the data", { full: { epochs: 0, minSteps: 50 } }, 6000, [10, 0]],
    ["both are given", { teacher: { epochs: 3, minSteps: 50 }, full: { epochs: 9, minSteps: 1 } }, 640, [5, 9]],
    ["teachers come from files", { teachers: ["a.safetensors"] }, 640, [10, 60]],
  ])("are these where %s", (_, fields, images, epochs) => {
    expect(epochsOf(settle(fields, images))).toEqual(epochs);
  });

  it("never are fewer than without, nor one more than needed", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 100_000 }), fc.integer({ min: 1, max: 300 }), (images, batch) => {
        const { recipe } = settle({ teacher: { batch, minSteps: 500 } }, images);
        const steps = (epochs: number) => epochs * Math.ceil(images / Math.min(batch, images));
        const { epochs } = recipe.teacher;
        expect(epochs).toBeGreaterThanOrEqual(10);
        expect(steps(epochs)).toBeGreaterThanOrEqual(500);
        if (epochs > 10) expect(steps(epochs - 1)).toBeLessThan(500);
      }),
    );
  });
});
