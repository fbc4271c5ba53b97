import type { ComparedSet, Comparison, ComparisonRow } from "../../src/evaluation/comparison.ts";
import { accuracyOf, makeReport, marksOn } from "./fixtures.ts";

/** The sets of the example: method, budget, bytes, seconds, and what each adds to an accuracy, in points. */
const sets = [
  ["infer", 10, 284_000, 41.3, 3.1],
  ["infer-copies", 10, 208_000, 1.2, 2.9],
  ["infer-noise", 10, 284_000, 41.9, 1],
  ["random", 10, 262_000, 0.9, 3.4],
  ["herding", 10, 261_000, 6.2, 3.6],
  ["sre2l", 10, 301_000, 62, -4],
  ["dm", 10, 270_000, 181, 1.2],
  ["infer", 50, 1_380_000, 205, 21.4],
  ["infer-copies", 50, 1_004_000, 2.2, 16.1],
  ["infer-noise", 50, 1_380_000, 206, 12],
  ["random", 50, 1_260_000, 2, 15.2],
  ["herding", 50, 1_251_000, 6.9, 15.1],
  ["sre2l", 50, 1_480_000, 310, 5.5],
  ["dm", 50, 1_301_000, 903, 13],
] as const;

const teacherBytes = 48_310_222;

const setOf = ([method, ipc, total, seconds]: (typeof sets)[number]): ComparedSet => ({
  method,
  ipc,
  folder: `sets/${method}-ipc${ipc}`,
  budget: { ipc, bases: ipc, compensators: 0, perBase: 0, perClass: 0, trainingImages: 10 * ipc },
  bytes: { bases: total - 15_000, compensators: 0, labels: 10_000, manifest: 5_000, total },
  compensators: "half floats",
  labels: "logits as half floats",
  ...(["infer", "infer-noise", "sre2l", "dm"].includes(method) && { iterations: 1000 }),
  seconds,
  peakMemory: { bytes: 612_000_000 + 1e6 * seconds, by: "VmHWM" },
});

const rowsOf = (labels: ComparisonRow["labels"], student: string, base: number): ComparisonRow[] =>
  sets.map(([method, ipc, total, , gain]) => {
    const accuracy = accuracyOf(base + gain, base + gain + 0.6, base + gain - 0.4);
    return {
      method,
      ipc,
      labels,
      student,
      images: 10 * ipc,
      steps: 16 * ipc,
      accuracy,
      marks: marksOn(16 * ipc, accuracy),
      bytes: total + (labels === "dynamic" ? teacherBytes : 0),
    };
  });

const full = (student: string): ComparisonRow => ({
  method: "full",
  labels: "hard",
  student,
  images: 4500,
  steps: 1600,
  accuracy: accuracyOf(84.2, 83.7, 84.4),
  bytes: 13_824_000,
});

/** Seven methods at two budgets, two students and two kinds of labels, as it could have come out. */
export const makeComparison = (changes: Partial<Comparison> = {}): Comparison => {
  const { data, distillery, seed, device, hardware, recipe, teachers } = makeReport();
  const students = ["convnet128x3", "resnet18"];
  return {
    format: "distillery-comparison",
    version: 1,
    data,
    distillery,
    seed,
    device,
    hardware,
    recipe,
    teachers,
    bytes: { data: 13_824_000, teachers: teacherBytes },
    sets: sets.map(setOf),
    rows: [
      ...rowsOf("static", "convnet128x3", 40),
      ...rowsOf("dynamic", "convnet128x3", 38),
      ...rowsOf("static", "resnet18", 33),
      ...rowsOf("dynamic", "resnet18", 35),
      ...students.map(full),
    ],
    seconds: { data: 1.2, teachers: 61.4, students: 371.8 },
    command: "distillery compare --recipe runs/compare-demo/recipe.yaml --out runs/compare-demo-again",
    ...changes,
  };
};

/** The same with a third student, worse than both on sets and on all the data, on which those tie. */
export const withThirdStudent = (comparison: Comparison): Comparison => {
  const [first] = comparison.rows;
  const third = comparison.rows
    .filter(({ student }) => student === first?.student)
    .map((row) => ({
      ...row,
      student: "mobilenetv2",
      accuracy: accuracyOf(...row.accuracy.values.map((value) => value - 8)),
    }));
  return { ...comparison, rows: [...comparison.rows, ...third] };
};

/** Rows of one student with static labels at one budget, and nothing else. */
export const comparisonOf = (
  ...rows: readonly (readonly [method: ComparisonRow["method"], ...values: number[]])[]
): Comparison =>
  makeComparison({
    rows: rows.map(([method, ...values]) => ({
      method,
      labels: "static",
      student: "convnet32x3",
      images: 100,
      steps: 160,
      accuracy: accuracyOf(...values),
      bytes: 250_000,
      ...(method === "full" ? {} : { ipc: 10 }),
    })),
  });

const hostile = `<script>window.hacked = 1</script>"'|\n# x${String.fromCharCode(27)}[2J`;

/** A comparison whose every name would do harm if it were not escaped. */
export const hostileComparison = (): Comparison => {
  const plain = makeComparison();
  return makeComparison({
    data: { ...plain.data, name: hostile },
    sets: plain.sets.map((set) => ({ ...set, variant: hostile })),
    rows: plain.rows.map((row) => ({ ...row, student: `${row.student}${hostile}`, variant: hostile })),
    device: hostile,
    hardware: { ...plain.hardware, cpu: hostile },
    seconds: { [hostile]: 1 },
    command: hostile,
  });
};
