import { describe, expect, test } from "vitest";
import type { Measurement } from "../../bench/measure.ts";
import { markdownOf, notesOf, type Report, tablesOf } from "../../bench/report.ts";
import { summarise } from "../../bench/summary.ts";

const measured = (samples: number[], dropped = 0): Measurement => ({
  samples,
  dropped,
  guarded: true,
  firstStepMs: 1500,
  peakMiB: 400,
  gflop: 20,
});

const work = summarise("train step", { setting: "", rounds: [measured([100, 102], 1), measured([98, 100])] }, [
  { setting: "default", rounds: [measured([200, 202]), measured([300], 4)] },
  { setting: "hugepages", rounds: [measured([120]), measured([110])] },
  { setting: "compile", rounds: [undefined, undefined], failure: "no compiler" },
  { setting: "channels_last", rounds: [measured([], 9), measured([], 9)] },
]);

const report: Report = {
  machine: {
    processor: "CPU",
    instructions: "avx2",
    cores: 2,
    memoryGiB: 8,
    kernel: "Linux 6",
    node: "v20",
    onnxruntime: "1.30.0",
    torch: "2.15.0",
  },
  device: "cpu",
  settings: { rounds: 2, threads: 2, together: 1, others: 0.08, guarded: true },
  roofline: { matmul: 400, convolution: 350, add: 20, best: 400 },
  works: [work],
};

describe("summary", () => {
  test("pools the rounds' samples and takes the fastest setting as best", () => {
    expect(work.ours).toMatchObject({ median: 100, quartiles: [99.5, 100.5], min: 98, max: 102, n: 4, dropped: 1 });
    expect(work.best).toBe("hugepages");
    expect(work.torch[0]?.ratio).toEqual({ value: 2.02, rounds: [rounded(201 / 101), rounded(300 / 99)] });
  });
});

const rounded = (n: number): number => Math.round(n * 1000) / 1000;

describe("report", () => {
  test("one row a work with medians, ratios, counts and dropped samples", () => {
    expect(tablesOf(report)[0]?.rows).toEqual([
      [
        "train step",
        "20.0",
        "100 (99.5-101)",
        "202 (201-251)",
        "115 (113-118)",
        "hugepages",
        "2.02x (1.99-3.03)",
        "1.15x (1.11-1.19)",
        "4 / 3 / 2",
        "1 / 4 / 0",
      ],
    ]);
  });

  test("our rate, start-up and memory", () => {
    expect(tablesOf(report)[1]?.rows).toEqual([["train step", "200", "50", "1.5", "1.5", "1.5", "400", "400", "400"]]);
  });

  test("says what failed and what no undisturbed sample was taken of", () => {
    const rows = tablesOf(report)[2]!.rows;
    expect(rows.find((row) => row[1] === "compile")?.[2]).toBe("failed: no compiler");
    expect(rows.find((row) => row[1] === "channels_last")?.slice(2, 6)).toEqual(["-", "-", "0", "18"]);
  });

  test("the notes count the dropped samples and name the versions", () => {
    const notes = notesOf(report).join("\n");
    expect(notes).toContain("PyTorch 2.15.0");
    expect(notes).toContain("were dropped: 23.");
  });

  test("the notes admit what was not checked", () => {
    const noted = (settings: Partial<Report["settings"]>): string =>
      notesOf({ ...report, settings: { ...report.settings, ...settings } }).join("\n");
    expect(noted({ guarded: false })).toContain("no /proc/stat");
    expect(noted({ others: 100 })).toContain("DISTURBED");
  });

  test("the page is a table on a code host", () => {
    expect(markdownOf(report)).toContain("| train step | 20.0 | 100 (99.5-101) |");
  });
});
