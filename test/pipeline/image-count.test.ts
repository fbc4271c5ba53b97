import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { splitOf } from "../../src/data/dataset.ts";
import { holdOut } from "../../src/data/split.ts";
import { methods } from "../../src/distill/registry.ts";
import { checkPlan } from "../../src/pipeline/checks.ts";
import type { Prepared } from "../../src/recipe/prepare.ts";
import type { Recipe } from "../../src/recipe/recipe.ts";
import { DistilleryError } from "../../src/support/errors.ts";
import { stream } from "../../src/support/random.ts";
import { silent } from "../../src/support/work/progress.ts";
import { classification } from "../../src/tasks/classification.ts";
import { prepared } from "../distill/methods/workshop.ts";
import { tinyRecipe } from "./tiny.ts";

interface Plan {
  readonly recipe: Recipe;
  readonly classes: number;
  /** Training images of each class, before some are held out. */
  readonly images: number;
  readonly teachers: number;
  /** Pixels a side. */
  readonly side: number;
}

/** Data of which only labels count here. */
const dataOf = async ({ recipe, classes, images, side }: Plan): Promise<Prepared> => {
  const small = await prepared({ classes, side: 1, images: 1 });
  const labels = Int32Array.from({ length: classes * images }, (_, i) => i % classes);
  const whole = splitOf(new Uint8Array(labels.length), labels);
  const task = classification(classes, { height: side, width: side });
  return {
    ...small,
    ...holdOut(whole, task, recipe.validation, stream(1, "held")),
    task,
  };
};

/** The message of BUDGET with which a plan is refused. */
const refusal = async (plan: Plan): Promise<string | undefined> => {
  const candidates = Array.from({ length: plan.teachers }, () => ({ architecture: "convnet8x1" }));
  try {
    await checkPlan(plan.recipe, await dataOf(plan), candidates, { progress: silent });
    return undefined;
  } catch (error) {
    expect(error).toBeInstanceOf(DistilleryError);
    expect(error).toMatchObject({ code: "BUDGET" });
    return (error as Error).message;
  }
};

/** Every plan to which a message sends its reader. */
const followed = (plan: Plan, message: string): Plan[] => {
  const { recipe } = plan;
  const ipcIn = (text: string, pattern: RegExp): number => {
    const ipc = Number(pattern.exec(text)?.[1]);
    expect(ipc, message).toBeGreaterThan(0);
    return ipc;
  };
  const give = /; give (.*)$/.exec(message)?.[1];
  if (give === undefined) {
    return [{ ...plan, recipe: { ...recipe, ipc: ipcIn(message, /(?:use --ipc|at most) (\d+)/) } }];
  }
  return give.split(", or ").map((way) => {
    const ipc = ipcIn(way, /--ipc (\d+)/);
    const changed = { ...recipe, ipc };
    if (way.startsWith("more images")) return { ...plan, recipe: changed, images: 100 };
    if (way.startsWith("--validation 0")) return { ...plan, recipe: { ...changed, validation: 0 } };
    if (way.startsWith("another method")) return { ...plan, recipe: { ...changed, method: { name: "random" } } };
    const teachers = Number(/at most (\d+) teacher/.exec(way)?.[1]);
    expect(teachers, message).toBeGreaterThan(0);
    return { ...plan, recipe: changed, teachers };
  });
};

const plan = (over: Partial<Plan> & { readonly fields?: Partial<Recipe> } = {}): Plan => {
  const { fields, ...rest } = over;
  const recipe = { ...tinyRecipe("photos", { validation: 0 }), ...fields };
  return { recipe, classes: 2, images: 1, teachers: 2, side: 16, ...rest };
};

describe("too few images a class", () => {
  it.each([1, 2, 3])("for the least set of a method, it is said at once what goes: --ipc %i", async (ipc) => {
    expect(await refusal(plan({ fields: { ipc } }))).toBe(
      'infer needs at least 2 images of each class (2 classes, 2 teachers), but class "kind0" has 1; ' +
        "give more images of each class, with --ipc 2, or another method, such as --method random --ipc 1",
    );
  });

  it("names what else goes: fewer teachers, none held out", async () => {
    expect(await refusal(plan({ fields: { ipc: 2, validation: 0.1 }, teachers: 4, images: 3 }))).toBe(
      'infer needs at least 3 images of each class (2 classes, 4 teachers), but class "kind0" has 2 besides 2 images held out for validation; ' +
        "give more images of each class, with --ipc 3, or --validation 0, which holds out none, with --ipc 3, " +
        "or at most 2 teachers (--teachers), with --ipc 2, or another method, such as --method random --ipc 2",
    );
  });

  it("for stitched images, it counts what is stitched", async () => {
    const rded = { method: { name: "rded" }, ipc: 3 };
    expect(await refusal(plan({ fields: rded, side: 128, images: 9 }))).toBe(
      'rded makes each image of 4, so that --ipc 3 takes 12 of each class, but class "kind0" has 9; use --ipc 2 or less',
    );
    expect(await refusal(plan({ fields: rded, side: 128, images: 3 }))).toMatch(
      /^rded needs at least 4 images of each class/,
    );
    expect(await refusal(plan({ fields: rded, side: 32, images: 3 }))).toBeUndefined();
  });

  it("whoever follows a message comes to a set within two steps, by each of its ways", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...methods),
        fc.integer({ min: 1, max: 12 }),
        fc.integer({ min: 1, max: 12 }),
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 2, max: 6 }),
        fc.constantFrom(0, 0.1, 0.5),
        fc.constantFrom(16, 128),
        async ({ name }, ipc, images, teachers, classes, validation, side) => {
          const first = plan({ fields: { method: { name }, ipc, validation }, classes, images, teachers, side });
          const message = await refusal(first);
          if (message === undefined) return;
          for (const second of followed(first, message)) {
            const again = await refusal(second);
            if (again === undefined) continue;
            for (const third of followed(second, again))
              expect(await refusal(third), `${message}\n${again}`).toBeUndefined();
          }
        },
      ),
      { numRuns: 400 },
    );
  }, 60_000);
});
