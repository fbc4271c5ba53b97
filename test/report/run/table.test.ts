import { describe, expect, it } from "vitest";
import { renderTable } from "../../../src/report/run/table.ts";
import { makeReport, row } from "../fixtures.ts";

const esc = String.fromCharCode(27);
const widest = (text: string): number => Math.max(...text.split("\n").map((line) => line.length));

describe("the report for a terminal", () => {
  it("is plain ASCII when piped", () => {
    expect(renderTable(makeReport(), { colour: false })).toMatchInlineSnapshot(`
      "A budget of 100 images, 236 KB on disk, 1.7 % of the data: a convnet128x3 student trained on it
      reaches 45.2 +/- 0.4 %; trained on 100 random images with the same labels 39.7 +/- 0.5 %, clearly
      less; on all the data 84.1 +/- 0.4 %.

      trained on     labels   student       images  steps    accuracy %  seeds     vs random  vs all data
      -------------  -------  ------------  ------  -----  ------------  -----  ------------  -----------
      INFER          static   convnet128x3     240  1,600  45.2 +/- 0.4      3   +5.5 better        -38.9
      Random images  static   convnet128x3     100  1,600  39.7 +/- 0.5      3                      -44.4
      INFER          dynamic  convnet128x3     240  1,600  43.0 +/- 1.1      3  +0.9 unclear        -41.1
      Random images  dynamic  convnet128x3     100  1,600  42.0 +/- 1.0      3                      -42.1
      INFER          hard     convnet128x3     240  1,600  30.6 +/- 0.6      3    -4.1 worse        -53.5
      Random images  hard     convnet128x3     100  1,600  34.7 +/- 0.5      3                      -49.4
      All the data   hard     convnet128x3   4,500  1,600  84.1 +/- 0.4      3

      INFER, static labels, convnet128x3: better, +5.5 points against random images (95 % interval +4.6 to
        +6.5). It reaches random's final accuracy (39.7 %) after 800 steps (1/2).
      INFER, dynamic labels, convnet128x3: no clear difference, +0.9 points against random images (95 %
        interval -1.4 to +3.3). It reaches random's final accuracy (42.0 %) after 1,600 steps (all).
      INFER, hard labels, convnet128x3: worse, -4.1 points against random images (95 % interval -5.4 to
        -2.8). It does not reach random's final accuracy (34.7 %).

      data     demo: 4,500 training images, 10 classes
      budget   10 per class: 80 base images + 16 compensators -> 240 training images
      bytes    236 KB (bases 151 KB, compensators 74.5 KB, labels 4.89 KB, manifest 5.31 KB), 1.7 % of the
               data's 13.8 MB
      dynamic  needs the teachers' 48.3 MB as well: 48.5 MB in all
      seconds  data 1.2 s, teachers 1 min 01 s, compensators 39 s, labels 2.1 s, students 1 min 12 s"
    `);
    expect(renderTable(makeReport(), { colour: false })).toMatch(/^[\n\x20-\x7e]*$/);
  });

  it("uses colour only when asked", () => {
    expect(renderTable(makeReport(), { colour: true })).toContain(`${esc}[`);
    expect(renderTable(makeReport(), { colour: true })).toContain("45.2 ± 0.4");
  });

  it("leaves columns out until it fits", () => {
    for (const width of [110, 90, 75, 60])
      expect(widest(renderTable(makeReport(), { colour: false, width }))).toBeLessThanOrEqual(width);
    expect(renderTable(makeReport(), { colour: false, width: 75 })).not.toContain("steps  ");
  });

  it("prints no deviation from one seed", () => {
    const rows = [row("infer", "static", [45]), row("random", "static", [40])];
    const text = renderTable(makeReport({ rows }), { colour: false });
    expect(text).not.toContain("+/-");
    expect(text).toMatch(/INFER +static .* 45\.0 +1 +\+5\.0 \?/);
  });

  it("renders a run without students, stages or data bytes", () => {
    const report = makeReport({ rows: [], seconds: {} });
    const text = renderTable({ ...report, bytes: { ...report.bytes, data: 0 } }, { colour: false });
    expect(text).toContain("no student has been trained on it");
    expect(text).not.toContain("NaN");
  });

  it("keeps control characters of names away from the terminal", () => {
    const rows = [row("infer", "static", [45, 46], { student: `net${esc}[2J\u202E` })];
    const report = makeReport({ rows, seconds: { [`a${esc}b`]: 1 } });
    const named = { ...report, data: { ...report.data, name: `x${esc}]0;y` } };
    const text = renderTable(named, { colour: false });
    expect(text).not.toContain(esc);
    expect(text).not.toContain("\u202E");
  });
});
