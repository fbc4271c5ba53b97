import { describe, expect, it } from "vitest";
import { renderComparison } from "../../src/report/comparison/html.ts";
import { renderComparisonMarkdown } from "../../src/report/comparison/markdown.ts";
import { comparisonHeadline, comparisonJudgements, tablesOf } from "../../src/report/comparison/summary.ts";
import { renderComparisonTable } from "../../src/report/comparison/table.ts";
import { comparisonOf, hostileComparison, makeComparison, withThirdStudent } from "../report/compare-fixtures.ts";

const esc = String.fromCharCode(27);

describe("the sentence at the top", () => {
  it("names the best method where it is clear, and what INFER gains", () => {
    const said = comparisonHeadline(
      comparisonOf(["infer", 45, 45.4, 44.8], ["infer-copies", 41, 41.2, 41.5], ["random", 40, 40.1, 40.3]),
    );
    expect(said).toMatchInlineSnapshot(
      `"10 images a class, static labels, convnet32x3: clearly best: INFER (45.1 ± 0.3 %), +3.8 points above INFER copies (u = 0); INFER beats random images (+4.9 points); INFER beats its own copies (u = 0) (+3.8 points)."`,
    );
  });

  it("says plainly where INFER does not", () => {
    const said = comparisonHeadline(
      comparisonOf(["infer", 40, 40.4, 39.8], ["infer-copies", 40.3, 40.1, 40.6], ["random", 45, 45.1, 45.3]),
    );
    expect(said).toContain("clearly best: Random images (45.1 ± 0.2 %), ");
    expect(said).toContain("INFER does not beat random images, it is clearly below (−5.1 points)");
    expect(said).toContain("INFER does not beat its own copies (u = 0) (−0.3 points, no clear difference)");
  });

  it("names no best method within the deviations, nor from one seed", () => {
    const near = comparisonHeadline(comparisonOf(["infer", 40, 41, 42], ["random", 40.5, 41, 41], ["dm", 20, 21, 22]));
    expect(near).toContain(
      "no method is clearly best: the highest, INFER (41.0 ± 1.0 %), is not clearly above Random images;",
    );
    const single = comparisonHeadline(comparisonOf(["infer", 50], ["random", 40]));
    expect(single).toContain("one seed does not tell which method is best");
    expect(single).toContain("whether INFER beats random images cannot be told from one seed (+10.0 points)");
  });

  it("counts the methods that are near the highest, where they are many", () => {
    const near = (...methods: readonly ("infer" | "random" | "herding" | "k-centre" | "rded" | "dm")[]): string =>
      comparisonHeadline(comparisonOf(...methods.map((method, i) => [method, 40 - i / 10, 42 - i / 10] as const)));
    expect(near("infer", "random", "herding", "k-centre", "rded")).toContain(
      "above Random images, Herding, k-centre and RDED;",
    );
    expect(near("infer", "random", "herding", "k-centre", "rded", "dm")).toContain(
      "above Random images, Herding, k-centre and 2 others;",
    );
  });

  it("speaks of the first labels, student and budget, not of the best", () => {
    expect(comparisonHeadline(makeComparison())).toMatch(/^10 images a class, static labels, convnet128x3: /);
    expect(comparisonJudgements(makeComparison())).toHaveLength(8);
    expect(comparisonHeadline(makeComparison({ rows: [] }))).toBe("No student has been trained yet.");
    expect(comparisonHeadline(comparisonOf(["dm", 20, 21], ["random", 30, 31]))).not.toContain("INFER");
  });
});

describe("the tables", () => {
  it("keep labels, students and budgets apart, each row beside random images of its own budget", () => {
    const tables = tablesOf(makeComparison());
    expect(tables.map(({ labels, student }) => `${labels} ${student}`)).toEqual([
      "static convnet128x3",
      "static resnet18",
      "dynamic convnet128x3",
      "dynamic resnet18",
    ]);
    for (const { rows, student } of tables) {
      expect(rows).toHaveLength(15);
      expect(rows.map(({ row }) => row.student)).toEqual(rows.map(() => student));
      expect(rows.at(-1)!.row.method).toBe("full");
      for (const { row, random, full } of rows.slice(0, -1)) {
        if (row.method !== "random") expect(random).toMatchObject({ ipc: row.ipc, labels: row.labels });
        expect(full).toMatchObject({ method: "full", student });
      }
    }
  });

  it("name the settings of a method's own, and read it against random images with the same, or else with none", () => {
    const plain = comparisonOf(
      ["infer", 40, 41],
      ["infer", 30, 31],
      ["infer", 20, 21],
      ["random", 42, 43],
      ["random", 32, 33],
    );
    const variants = [undefined, "labelBytes=1KB", "labelBytes=2KB", undefined, "labelBytes=1KB"];
    const rows = plain.rows.map((row, i) => ({ ...row, ...(variants[i] && { variant: variants[i] }) }));
    const comparison = { ...plain, rows };
    const beside = tablesOf(comparison)[0]!.rows.map(({ row, random }) => [row.variant, random?.accuracy.mean]);
    expect(beside).toEqual([
      [undefined, 42.5],
      ["labelBytes=1KB", 32.5],
      ["labelBytes=2KB", 42.5],
      [undefined, undefined],
      ["labelBytes=1KB", undefined],
    ]);
    expect(comparisonHeadline(comparison)).toContain("INFER does not beat random images (−2.0 points");
    expect(renderComparisonTable(comparison, { colour: false })).toMatch(
      /^INFER, labelBytes=1KB +10 +100 +160 +30\.5 /m,
    );
    expect(renderComparisonMarkdown(comparison)).toContain("| INFER, labelBytes=1KB | 10 |");
    const page = renderComparison(comparison);
    expect(page).toContain("Random images, labelBytes=1KB");
    // One budget: no two points of the plot are joined.
    expect(page).not.toContain('class="join"');
    expect(renderComparison(makeComparison())).toContain('class="join"');
  });

  it("are plain ASCII when piped, and fit", () => {
    const text = renderComparisonTable(makeComparison(), { colour: false });
    expect(text).toMatch(/^[\n\x20-\x7e]*$/);
    expect(text).toMatch(/^INFER +50 +500 +800 +61\.5 \+\/- 0\.5 +\+6\.2 better +-22\.6 +1\.38 MB$/m);
    expect(text).toMatch(/^SRe2L +10 +301 KB +1,000 +1 min 02 s +674 MB$/m);
    const ranked = renderComparisonTable(withThirdStudent(makeComparison()), { colour: false, width: 170 });
    expect(ranked).toMatch(/^INFER +50 .* 36\.9 \+\/- 0\.3 +49\.2 \+\/- 0\.4 .* \+6\.2 better +400 steps \(1\/2\) /m);
    expect(ranked).toMatch(/^INFER +50 +static +0\.82 +2 of 3$/m);
    for (const width of [170, 110, 80, 60]) {
      const lines = renderComparisonTable(withThirdStudent(makeComparison()), { colour: false, width }).split("\n");
      expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(width);
    }
    expect(renderComparisonTable(makeComparison(), { colour: true })).toContain(`${esc}[`);
    expect(renderComparisonTable(hostileComparison(), { colour: false })).not.toContain(esc);
    expect(renderComparisonTable(makeComparison({ rows: [], sets: [], seconds: {} }), { colour: false })).toContain(
      "No st",
    );
  });

  it("make a Markdown text whose rows are whole", () => {
    const text = renderComparisonMarkdown(makeComparison());
    expect(text).toMatch(/^# Comparison on demo\n\n10 images a class/);
    expect(text).toContain("| INFER | static | 50 | 61.5 ± 0.5, +6.2 better | 54.5 ± 0.5, +6.2 better |");
    expect(text).toContain(
      "| INFER | 50 | 500 | 800 | 61.5 ± 0.5 | +6.2, better (+5.1 to +7.3) | −22.6, worse (−23.7 to −21.6) | 1.38 MB |",
    );
    expect(text).toMatch(/^\| DM \| 10 \| .* \| 270 KB \| 1,000 \| 3 min 01 s \| 793 MB \|$/m);
    expect(text).toMatch(/^\| Herding \| 10 \| .* \| 261 KB \| {2}\| 6\.2 s \| 618 MB \|$/m);
    expect(text).toContain(
      "| INFER | 50 | 36.9 ± 0.3 (100) | 49.2 ± 0.4 (200) | 58.4 ± 0.5 (400) | 61.5 ± 0.5 (800) | 55.3 %: 400 steps (1/2) |",
    );
    expect(text).toMatch(/^\| Random images \| 50 \| .* \(800\) \| {2}\|$/m);
    expect(text).not.toContain("Kendall");
    for (const written of [text, renderComparisonMarkdown(withThirdStudent(hostileComparison()))]) {
      const rows = written.split("\n").filter((line) => line.startsWith("|"));
      const columns = new Set(rows.map((row) => row.split(/(?<!\\)\|/).length));
      // Two students beside each other, or three and rankings; accuracies, and on the way; what sets weigh.
      expect(columns).toEqual(new Set([...(written === text ? [7] : []), 8, 9, 10, 12]));
      expect(written).not.toMatch(/NaN|undefined|Infinity/);
      expect(written).not.toContain(esc);
    }
  });
});

describe("the page", () => {
  const accidents = (page: string): string[] => page.match(/.{0,40}(?:NaN|undefined|Infinity|\[object).{0,40}/g) ?? [];

  it("holds everything, in order, without a script and without a link to anywhere", () => {
    const page = renderComparison(makeComparison());
    const order = [
      "<h1>No method is clearly best with 10 images a class, static labels and convnet128x3; none is clearly above random images.",
      '<h2 id="verdicts',
      '<h2 id="students',
      '<h2 id="accuracy-static',
      '<h2 id="accuracy-dynamic',
      '<h2 id="use',
      '<h2 id="course',
      '<h2 id="cited',
      '<h2 id="costs',
      '<h2 id="teachers',
      '<h2 id="provenance',
    ].map((text) => page.indexOf(text));
    expect(order).toEqual([...order].sort((a, b) => a - b));
    expect(order[0]).toBeGreaterThan(0);
    expect(page.match(/<script|\son\w+=|url\(|@import/)).toBeNull();
    expect([...page.matchAll(/(?:src|href)="([^"]{0,20})/g)].filter(([, link]) => !/^(data:|#)/.test(link!))).toEqual(
      [],
    );
    expect(accidents(page)).toEqual([]);
    // Two plots for each kind of labels and student, over bytes and over steps: one mark for every set in the one, four
    // that are joined in the other, and one for every method in each legend.
    expect(page.match(/<figure class="panel scatter">/g)).toHaveLength(4 * 2);
    expect(page.match(/<g class="mean">/g)).toHaveLength(4 * (14 + 4 * 14));
    expect(page.match(/<span class="key"><svg class="mark /g)).toHaveLength(4 * 2 * 7);
    expect(page.match(/<line class="join"/g)).toHaveLength(4 * (7 + 3 * 14));
    // The ticks over steps are the longest training's marks and their halves.
    const over = page.slice(page.indexOf("over steps</strong>"));
    const ticks = [...over.slice(0, over.indexOf("</figure>")).matchAll(/left:[^"]*">([^<]*)</g)].map(([, at]) => at);
    expect(ticks).toEqual(["800", "400", "200", "100", "50", "25"]);
  });

  it("places sets that differ in their labels' bytes alone against those, and joins them", () => {
    const plain = makeComparison();
    const [set] = plain.sets;
    const row = plain.rows[0]!;
    const smaller = (variant: string, labels: number) => ({
      set: { ...set!, variant, bytes: { ...set!.bytes, labels } },
      row: { ...row, variant },
    });
    const others = [smaller("labelBytes=1KB", 900), smaller("labelBytes=2KB", 1900)];
    const page = renderComparison(
      makeComparison({
        sets: [...plain.sets, ...others.map((other) => other.set)],
        rows: [...plain.rows, ...others.map((other) => other.row)],
      }),
    );
    const figures = [...page.matchAll(/<figure class="panel scatter">[\s\S]*?<\/figure>/g)].map(([figure]) => figure);
    expect(figures).toHaveLength(5 + 4);
    const [figure, ...more] = figures.filter((one) => one.includes("against bytes of labels"));
    expect(more).toEqual([]);
    expect(figure!.match(/<g class="mean">/g)).toHaveLength(3);
    expect(figure!.match(/<line class="join"/g)).toHaveLength(2);
    expect(figure).toContain("INFER, labelBytes=1KB, 10 images a class, 900 bytes: ");
  });

  it("has no table of students where there is but one, and says what is missing", () => {
    expect(renderComparison(comparisonOf(["infer", 40, 41], ["random", 40, 42]))).not.toContain('id="students');
    const bare = renderComparison(makeComparison({ rows: [], sets: [], teachers: [], seconds: {} }));
    expect(bare).toContain("No student has been trained yet.");
    expect(accidents(bare)).toEqual([]);
  });

  it("ranks students from three on, and marks the line of random images where there is one", () => {
    expect(renderComparison(makeComparison())).not.toContain('id="ranking');
    const page = renderComparison(withThirdStudent(makeComparison()));
    const ranked = page.slice(page.indexOf('id="ranking'), page.indexOf('id="costs'));
    // Seven methods at two budgets with two kinds of labels; two of the three pairs, and a tie on all the data.
    expect(ranked.match(/2 of 3/g)).toHaveLength(7 * 2 * 2);
    expect(ranked).toContain("<b>0.82</b>");
    expect(page).not.toContain('class="reference random"');
    const rows = makeComparison().rows.filter(({ ipc = 10 }) => ipc === 10);
    expect(renderComparison(makeComparison({ rows }))).toContain('class="reference random"');
  });

  it("stands without random images, and without marks of earlier versions", () => {
    const rows = makeComparison().rows.filter(({ method }) => method !== "random");
    const page = renderComparison(makeComparison({ rows }));
    expect(page).toContain('id="course');
    expect(page).not.toMatch(/not reached|\d steps? \(/);
    expect(accidents(page)).toEqual([]);
    const earlier = makeComparison().rows.map(({ marks: _, ...row }) => row);
    expect(renderComparison(makeComparison({ rows: earlier }))).not.toContain('id="course');
    expect(renderComparisonMarkdown(makeComparison({ rows: earlier }))).not.toContain("On the way");
  });

  it("escapes every name", () => {
    const page = renderComparison(withThirdStudent(hostileComparison()));
    expect(page).not.toContain("<script");
    expect(page).toContain("&lt;script&gt;window.hacked = 1&lt;/script&gt;&quot;&#39;");
  });
});
