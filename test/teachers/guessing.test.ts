import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { commands } from "../../src/pipeline/pipeline.ts";
import { renderComparisonMarkdown } from "../../src/report/comparison/markdown.ts";
import { headline } from "../../src/report/run/summary.ts";
import { progressTo } from "../../src/support/work/progress.ts";
import { chanceOf, compareWithGuessing, warningsOf } from "../../src/teachers/guessing.ts";
import { quietly, temporaryFolder, tinyRecipe, writePictures } from "../pipeline/tiny.ts";
import { makeComparison } from "../report/compare-fixtures.ts";
import { makeReport } from "../report/fixtures.ts";

describe("compareWithGuessing", () => {
  it.each([
    // Four images and two classes: all four are right once in 16 guesses.
    [4, 4, 2, "too few"],
    [0, 4, 2, "too few"],
    [1, 1, 1000, "better"],
    [1, 1, 10, "too few"],
    [6, 24, 4, "guessing"],
    [12, 24, 4, "better"],
    [9, 24, 4, "guessing"],
    [10, 24, 4, "too few"],
    [1000, 10_000, 10, "guessing"],
    [1071, 10_000, 10, "better"],
    [1050, 10_000, 10, "too few"],
    [50, 50_000, 1000, "guessing"],
    [90, 50_000, 1000, "better"],
    [30, 50, 2, "guessing"],
    [50, 50, 2, "better"],
    [3, 3, 1, "too few"],
    [0, 0, 5, "too few"],
  ] as const)("%i of %i right, %i classes: %s", (right, n, classes, verdict) => {
    expect(compareWithGuessing(right, n, classes)).toBe(verdict);
  });

  it("never calls a network that is always right a guesser, and never praises one that is wrong too often", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 2, max: 200 }), (n, classes) => {
        expect(compareWithGuessing(n, n, classes)).not.toBe("guessing");
        expect(compareWithGuessing(Math.floor(n / classes), n, classes)).not.toBe("better");
      }),
    );
  });

  it("is wrong about guessers once in a hundred times at most", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 2, max: 5 }), (n, classes) => {
        let chance = 0;
        let ways = 1;
        for (let k = 0; k <= n; k++) {
          const p = ways * classes ** -k * (1 - 1 / classes) ** (n - k);
          if (compareWithGuessing(k, n, classes) === "better") chance += p;
          ways = (ways * (n - k)) / (k + 1);
        }
        expect(chance).toBeLessThanOrEqual(0.01 + 1e-12);
      }),
    );
  });
});

describe("a teacher beside guessing", () => {
  it("is measured against whoever names the most frequent class", () => {
    const uneven = Int32Array.from({ length: 200 }, (_, i) => (i < 150 ? 0 : 1 + (i % 2)));
    // Far above a third, and no better than saying 0 each time.
    expect(chanceOf(75, uneven)).toEqual({ accuracy: 75, images: 200, verdict: "guessing" });
    expect(chanceOf(85, uneven).verdict).toBe("better");
    expect(chanceOf(100, new Int32Array(5))).toMatchObject({ accuracy: 100, verdict: "too few" });
  });

  it("is told with what to do about it", () => {
    const judged = (
      architecture: string,
      accuracy: number,
      verdict: "better" | "guessing" | "too few",
      epochs = 10,
    ) => ({
      architecture,
      accuracy,
      epochs,
      chance: { accuracy: 100 / 6, images: 1200, verdict },
    });
    const both = [judged("a", 17.5, "guessing"), judged("b", 90, "better"), judged("c", 16, "guessing")];
    expect(warningsOf(both)).toEqual([
      "Teachers a (17.5 %) and c (16.0 %) are no better than guessing, which gets 16.7 % of the 1,200 test images: what they say of images means little; train longer (--teacher-epochs) or on more images.",
    ]);
    expect(warningsOf([judged("a", 20, "too few")])).toEqual([
      "Teacher a (20.0 %) is not known to be better than guessing, which gets 16.7 % of the 1,200 test images: these are too few to tell; give more test images, or train longer (--teacher-epochs).",
    ]);
    const { epochs: _, ...foreign } = judged("f", 17, "guessing");
    expect(warningsOf([foreign])[0]).toMatch(/their outputs should be the classes in the order of the data/);
    expect(warningsOf([judged("b", 90, "better"), { architecture: "of an older report", accuracy: 1 }])).toEqual([]);
  });

  it("is said in every heading", () => {
    const weak = makeReport().teachers.map((teacher) => ({
      ...teacher,
      chance: { accuracy: 25, images: 24, verdict: "guessing" as const },
    }));
    const said = /^(# .*\n\n)?Teachers? .* no better than guessing, which gets 25\.0 % of the 24 test images/;
    expect(headline(makeReport({ teachers: weak }))).toMatch(said);
    expect(headline(makeReport())).not.toContain("guessing");
    expect(renderComparisonMarkdown(makeComparison({ teachers: weak }))).toMatch(said);
  });

  it("is said at once, and each time", async () => {
    const folder = await temporaryFolder();
    const teacher = { epochs: 1, learningRate: 1e-9 };
    const recipe = tinyRecipe(await writePictures(folder), { teachers: ["convnet8x1"], teacher });
    const notes: string[] = [];
    const progress = progressTo((event) => {
      if (event.type === "note") notes.push(event.text);
    });
    for (const times of [1, 2]) {
      const { report } = await commands.teach(recipe, quietly(join(folder, "out"), { progress }));
      expect(report.teachers[0]!.chance).toMatchObject({ accuracy: 25, images: 24, verdict: "guessing" });
      expect(notes.filter((line) => line.startsWith("WARNING: Teacher convnet8x1 ("))).toHaveLength(times);
    }
  }, 60_000);
});
