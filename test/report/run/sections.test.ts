import { describe, expect, it } from "vitest";
import type { AccuracyRow, Report } from "../../../src/evaluation/rows.ts";
import { renderComparisonMarkdown } from "../../../src/report/comparison/markdown.ts";
import { conclusion } from "../../../src/report/run/conclusion.ts";
import { renderReport } from "../../../src/report/run/html.ts";
import { renderTable } from "../../../src/report/run/table.ts";
import { makeComparison } from "../compare-fixtures.ts";
import { classNames, makeGallery, makeReport, row } from "../fixtures.ts";

/** Rows of three students; the set is better for the first two and no different for the third. */
const several = (): readonly AccuracyRow[] =>
  (["a", "b", "c"] as const).flatMap((student, i) => [
    row("infer", "static", [45, 46, 47], { student, seconds: 2 }),
    row("random", "static", i < 2 ? [30, 31, 32] : [45, 46, 47], { student }),
    row("full", "hard", [84, 85, 86], { student, seconds: 10 }),
  ]);

/** A section of a page, without markup. */
const sectionOf = (page: string, id: string): string =>
  (page.split(`<section id="${id}"`)[1] ?? "")
    .split("</section>")[0]!
    .replace(/<[^>]*>/g, " ")
    .replace(/\s+/g, " ");

describe("the heading", () => {
  it("is one conclusion that fits two lines, and counts the other students", () => {
    expect(conclusion(makeReport({ rows: several() }))).toBe(
      "Clearly better than random images: +15.0 points for a; the same for 1 of 2 other students.",
    );
    for (const rows of [several(), makeReport().rows, [row("infer", "static", [45])], []])
      expect(conclusion(makeReport({ rows })).length).toBeLessThan(130);
  });

  it("claims nothing from one seed, nor without random images", () => {
    const rows = [row("infer", "static", [45]), row("random", "static", [30])];
    expect(conclusion(makeReport({ rows }))).toMatch(/^Too few seeds to tell .*\+15\.0 points/);
    expect(conclusion(makeReport({ rows: rows.slice(0, 1) }))).toContain("random images were not measured beside it");
  });
});

describe("a report of several students", () => {
  const page = renderReport(makeReport({ rows: several() }), []);

  it("has one chart and a matrix with verdicts instead of a row for each", () => {
    expect(page.match(/<div class="dot-row/g)).toHaveLength(3 + 1);
    const matrix = sectionOf(page, "students");
    expect(matrix.match(/\+15\.0 better/g)).toHaveLength(2);
    expect(matrix.match(/0\.0 no clear difference/g)).toHaveLength(1);
    expect(sectionOf(page, "accuracy").match(/better, \+15\.0/g)).toHaveLength(1);
  });

  it("says how many times faster each student is", () => {
    expect(sectionOf(page, "seconds").match(/5\.0 times faster/g)).toHaveLength(3);
    expect(page).toContain("A student takes 2.0 s on it and 10 s on all the data: 5.0 times faster.");
    expect(renderTable(makeReport({ rows: several() }), { colour: false })).toContain("5.0 times faster");
  });
});

describe("the use of a set", () => {
  const used = (set: Report["set"]) => renderReport(makeReport(set === undefined ? {} : { set }), []);

  it("names its folder as a shell, TypeScript and Python read it", () => {
    const text = sectionOf(used({ folder: "my runs/it's", decoding: "Row r is image r." }), "use");
    expect(text).toContain("distillery train &#39;my runs/it&#39;\\&#39;&#39;s&#39; --student convnet128x3");
    expect(text).toContain("openSet(&quot;my runs/it&#39;s&quot;)");
    expect(text).toContain("Row r is image r. Labels have the same order of rows");
  });

  it("is not told where an older report does not know the folder", () => {
    expect(used(undefined)).not.toContain('id="use"');
  });
});

describe("accuracy by class", () => {
  const measured = (count: number) => {
    const byClass = Array.from({ length: count }, (_, c) => (c === 3 ? null : (c * 37) % count));
    const names = Array.from({ length: count }, (_, c) => `kind ${c}`);
    const rows = [row("infer", "static", [45, 46], { byClass }), row("random", "static", [40, 41])];
    const report = makeReport({ rows, data: { ...makeReport().data, classes: count, classNames: names } });
    return { byClass, shown: sectionOf(renderReport(report, []), "classes").match(/kind \d+ /g) ?? [] };
  };

  it("begins with the worst classes, and leaves out those without test images", () => {
    const { byClass, shown } = measured(20);
    const values = shown.map((name) => byClass[Number(name.slice(5))]!);
    expect(values).toEqual(values.toSorted((a, b) => a - b));
    expect(shown).toHaveLength(19);
  });

  it("of many classes shows the worst ten and the best ten", () => {
    const { byClass, shown } = measured(150);
    expect(shown).toHaveLength(20);
    const rest = byClass.filter((value): value is number => value !== null).toSorted((a, b) => a - b);
    expect(shown.map((name) => byClass[Number(name.slice(5))])).toEqual([...rest.slice(0, 10), ...rest.slice(-10)]);
  });

  it("stands in the Markdown of a comparison with the numbers that are cited and the seconds", () => {
    const plain = makeComparison();
    const rows = plain.rows.map((one) => ({ ...one, byClass: classNames.map((_, c) => 10 * c), seconds: 4 }));
    const text = renderComparisonMarkdown({ ...plain, rows });
    expect(text).toContain("| triangles | 90.0 |");
    expect(text).toMatch(/\| INFER \| static \| 50 \| 73 % \| \+6\.2 \| {2}\|/);
    expect(text).toContain("| INFER | 50 | 4.0 s | 4.0 s | 1.0 times faster |");
    expect(text).toContain("    distillery train sets/infer-ipc10 --student convnet128x3 --out student");
  });
});

it("explains a label that is spread", async () => {
  const [item] = await makeGallery();
  expect(renderReport(makeReport(), [item!])).toContain("as that of rings, are no mistake");
  const sure = { ...item!, topLabels: [{ className: "rings", probability: 0.9 }] };
  expect(renderReport(makeReport(), [sure])).not.toContain("are no mistake");
});
