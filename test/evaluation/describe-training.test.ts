import { expect, it } from "vitest";
import { describeTraining } from "../../src/evaluation/describe-training.ts";
import { cosine } from "../../src/nn/schedules.ts";
import { budgetOf } from "../../src/sets/index.ts";
import { classification } from "../../src/tasks/classification.ts";
import { tinyRecipe } from "../pipeline/tiny.ts";

const task = classification(10, { height: 32, width: 32 });
const budget = budgetOf(10, { classes: 10, perBase: 2 });

it("says how students are trained, with the numbers of their recipe", () => {
  const student = { epochs: 30, batch: 64, learningRate: 0.002, weightDecay: 0.05, temperature: 20, mixup: 0.4 };
  const said = describeTraining(tinyRecipe("demo", { student: { ...student, crop: "shift" } }), task, budget, 2);
  expect(said.optimiser).toMatch(/^AdamW, betas 0.9 and 0.999, epsilon 1e-8, decoupled weight decay 0.05 /);
  expect(said.schedule).toBe(cosine(0.002, 1).about);
  // 240 training images: 4 batches an epoch, and a third of the epochs with dynamic labels of two teachers.
  expect(said.batches).toMatch(/^120 steps \(with dynamic labels 40\) of 64 images, .* of all 240 /);
  expect(said.softLoss).toMatch(/^KL\(softmax\(label \/ 20\) .*without a factor T\^2/);
  expect(said.augmentation).toMatch(/-4 to 4 pixels .*mirrored/);
  expect(said.mixup).toMatch(/Beta\(0.4, 0.4\).*soft ones as logits before the softmax$/);
  const other = describeTraining(tinyRecipe("demo", { student: { crop: "resize", mixup: 0 } }), task, budget, 2);
  expect([other.augmentation, other.mixup]).toEqual([
    expect.stringMatching(/^of each image a random part of 0.08 to 1/),
    "none",
  ]);
});
