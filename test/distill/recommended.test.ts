import { existsSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { best, explain, recommend, recommendations } from "../../src/distill/recommended.ts";
import { findMethod, methodNamed } from "../../src/distill/registry.ts";
import { problemIn } from "../../src/pipeline/recipe/method.ts";

const cifar = { classes: 10, image: { height: 32, width: 32 }, ipc: 10, labels: ["static"] } as const;

describe("the table of recommendations", () => {
  test.each(recommendations)("has a method, options that it takes and a page of results: $method $results", (one) => {
    expect(problemIn([methodNamed(one.method)], one.options)).toBeUndefined();
    expect(existsSync(new URL(`../../results/${one.results}/README.md`, import.meta.url))).toBe(true);
    expect(one.because).toMatch(/^[a-zA-Z].*[^.\s]$/);
  });

  test("has something for everything, under a name that is no method's", () => {
    const huge = { classes: 1e6, image: { height: 1e4, width: 1e4 }, ipc: 1e6 };
    for (const kind of ["static", "dynamic", "hard"] as const)
      expect(recommend({ ...huge, labels: [kind] }).method).toBe("random");
    expect(findMethod(best)).toBeUndefined();
  });
});

test.each([
  ["what was measured", {}, "match", "cifar10-match"],
  ["hard labels among others", { labels: ["dynamic", "hard"] }, "match", "cifar10-match"],
  ["dynamic labels", { labels: ["dynamic"] }, "random", "cifar10-m4"],
  ["a large budget", { ipc: 50 }, "random", "cifar10-m4"],
  ["large images", { image: { height: 32, width: 224 } }, "random", "cifar10-m4"],
  ["many classes", { classes: 100 }, "random", "tiny100-ipc10"],
  ["many classes with hard labels", { classes: 100, labels: ["hard"] }, "match", "tiny100-match"],
] as const)("is chosen by data, budget and labels: %s", (_title, over, method, results) => {
  expect(recommend({ ...cifar, ...over })).toMatchObject({ method, results });
});

test("is told in one line, with what it rests on", () => {
  expect(explain(recommend(cifar), cifar)).toMatch(
    /^best is match networks=3 epochs=6 real=512 views=10 storage=formation2 for 10 classes at 32x32, 10 images a class and static labels, because .* 63\.2 % .* \(results\/cifar10-match\)$/,
  );
});
