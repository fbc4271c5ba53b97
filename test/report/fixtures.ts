import sharp from "sharp";
import type { AccuracyRow, Curve, GalleryItem, Report } from "../../src/evaluation/rows.ts";
import { stream } from "../../src/support/random.ts";

/** Mean and sample standard deviation of the values given. */
export const accuracyOf = (...values: number[]): AccuracyRow["accuracy"] => {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  const squares = values.reduce((a, b) => a + (b - mean) ** 2, 0);
  return { values, mean, std: values.length > 1 ? Math.sqrt(squares / (values.length - 1)) : 0 };
};

/** Marks at 60, 80 and 95 % of what is reached in the end. */
export const marksOn = (steps: number, { values }: AccuracyRow["accuracy"]): NonNullable<AccuracyRow["marks"]> =>
  ([1 / 8, 1 / 4, 1 / 2] as const).map((share, i) => ({
    share,
    steps: share * steps,
    accuracy: accuracyOf(...values.map((value) => value * [0.6, 0.8, 0.95][i]!)),
  }));

export const row = (
  method: AccuracyRow["method"],
  labels: AccuracyRow["labels"],
  values: readonly number[],
  more: Partial<AccuracyRow> = {},
): AccuracyRow => ({
  method,
  labels,
  student: "convnet128x3",
  images: method === "infer" ? 240 : method === "random" ? 100 : 4500,
  steps: 1600,
  accuracy: accuracyOf(...values),
  marks: marksOn(1600, accuracyOf(...values)),
  ...more,
});

const curve = (
  group: Curve["group"],
  name: string,
  steps: number,
  series: Readonly<Record<string, readonly [from: number, to: number]>>,
): Curve => {
  const random = stream(1, group, name);
  const at = Array.from({ length: steps }, (_, i) => i + 1);
  return {
    group,
    name,
    steps: at,
    series: Object.fromEntries(
      Object.entries(series).map(([key, [from, to]]) => {
        const own = 1 + 0.2 * random.normal();
        return [
          key,
          at.map(
            (i) => to + (from - to) * Math.exp((-4 * i) / steps) * Math.max(0.3, own) * (1 + 0.12 * random.normal()),
          ),
        ];
      }),
    ),
  };
};

export const classNames = [
  "rings",
  "stripes",
  "checks",
  "waves",
  "dots",
  "crosses",
  "spirals",
  "grids",
  "blobs",
  "triangles",
];

/** A run on ten classes with two teachers, as it could have come out. */
export const makeReport = (changes: Partial<Report> = {}): Report => ({
  format: "distillery-report",
  version: 1,
  distillery: "0.1.0",
  data: {
    name: "demo",
    classes: 10,
    classNames,
    train: 4500,
    validation: 500,
    test: 1000,
    image: { channels: 3, height: 32, width: 32 },
    skipped: 0,
    ignored: 0,
  },
  method: "infer",
  pixels: "natural",
  budget: { ipc: 10, bases: 8, compensators: 16, perBase: 2, perClass: 0, trainingImages: 240 },
  bytes: {
    bases: 151_200,
    compensators: 74_512,
    labels: 4_890,
    manifest: 5_310,
    total: 235_912,
    data: 13_824_000,
    teachers: 48_310_222,
  },
  teachers: [
    {
      architecture: "convnet128x3",
      accuracy: 84.6,
      validationAccuracy: 85.2,
      epochs: 12,
      parameters: 320_394,
      bytes: 1_290_112,
      sha256: "3f".repeat(32),
    },
    {
      architecture: "resnet18",
      accuracy: 88.1,
      validationAccuracy: 87.4,
      epochs: 12,
      parameters: 11_173_962,
      bytes: 47_020_110,
      sha256: "a9".repeat(32),
    },
  ],
  rows: [
    row("infer", "static", [44.9, 45.6, 45.2]),
    row("random", "static", [39.6, 40.2, 39.3]),
    row("infer", "dynamic", [43.1, 41.8, 44.0]),
    row("random", "dynamic", [42.2, 42.9, 41.0]),
    row("infer", "hard", [30.1, 31.3, 30.4]),
    row("random", "hard", [34.8, 35.1, 34.2]),
    row("full", "hard", [84.2, 83.7, 84.4]),
  ],
  curves: [
    curve("teacher", "convnet128x3", 420, { loss: [2.3, 0.4] }),
    curve("teacher", "resnet18", 420, { loss: [2.4, 0.12] }),
    ...Array.from({ length: 16 }, (_, i) =>
      curve("set", `base ${Math.floor(i / 2)}, teacher ${i % 2}`, 300, {
        crossEntropy: [4, 0.004],
        statistics: [42, 18],
      }),
    ),
    ...[1, 2, 3].flatMap((seed) => [
      curve("student", `infer static convnet128x3 seed ${seed}`, 1600, { loss: [0.02, 0.0005] }),
      curve("student", `random static convnet128x3 seed ${seed}`, 1600, { loss: [0.018, 0.0008] }),
      curve("student", `infer hard convnet128x3 seed ${seed}`, 1600, { loss: [2.3, 0.3] }),
      curve("student", `random hard convnet128x3 seed ${seed}`, 1600, { loss: [2.3, 0.2] }),
      curve("student", `full hard convnet128x3 seed ${seed}`, 1400, { loss: [2.3, 0.4] }),
    ]),
  ],
  seconds: { data: 1.2, teachers: 61.4, compensators: 38.9, labels: 2.1, students: 71.8 },
  seed: 7,
  device: "cpu",
  hardware: { cpu: "Example CPU 3.1 GHz", cores: 2, memoryGiB: 7.8 },
  recipe: {
    data: "demo",
    ipc: 10,
    teachers: ["convnet", "resnet18"],
    labels: ["static", "dynamic", "hard"],
    student: { epochs: 400, temperature: 30 },
  },
  ...changes,
});

const png = (side: number, pixel: (x: number, y: number) => readonly [number, number, number]): Promise<Uint8Array> => {
  const data = new Uint8Array(side * side * 3);
  for (let y = 0; y < side; y++) for (let x = 0; x < side; x++) data.set(pixel(x, y), (y * side + x) * 3);
  return sharp(data, { raw: { width: side, height: side, channels: 3 } })
    .png()
    .toBuffer();
};

/** One gallery line a class: gradients for bases, noise around grey for compensators. */
export const makeGallery = (names: readonly string[] = classNames): Promise<GalleryItem[]> =>
  Promise.all(
    names.map(async (className, c) => {
      const random = stream(3, "gallery", c);
      const base = (x: number, y: number) => [8 * x, 8 * y, (25 * c + 4 * x) % 256] as const;
      const noise = Array.from({ length: 1024 }, () => 40 * random.normal());
      const at = (x: number, y: number) => noise[y * 32 + x]!;
      const clip = (v: number) => Math.max(0, Math.min(255, v));
      return {
        className,
        base: await png(32, base),
        compensator: await png(32, (x, y) => [clip(128 + at(x, y)), clip(128 + at(y, x)), clip(128 - at(x, y))]),
        image: await png(32, (x, y) => {
          const [r, g, b] = base(x, y);
          return [clip(r + at(x, y)), clip(g + at(y, x)), clip(b - at(x, y))];
        }),
        caption: `base ${c % 8}, teacher ${c % 2 === 0 ? "convnet128x3" : "resnet18"}`,
        topLabels: [
          { className, probability: 0.31 },
          { className: names[(c + 1) % names.length]!, probability: 0.12 },
          { className: names[(c + 4) % names.length]!, probability: 0.09 },
        ],
      };
    }),
  );
