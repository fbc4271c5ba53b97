/** What is timed, on both sides. */
export interface Work {
  readonly name: string;
  readonly ours: readonly string[];
  readonly torch: readonly string[];
  /** Further ways to write the same in PyTorch; the first is what common code does and counts as its default. */
  readonly variants: readonly { readonly name: string; readonly args: readonly string[] }[];
  /** Samples wanted in a round. */
  readonly runs: number;
}

const plain = [{ name: "", args: [] }];

const trainStep = (title: string, model: string, batch: number, runs: number): Work => ({
  name: `train step ${title}, batch ${batch}`,
  ours: ["--work", "train-step", "--model", model, "--batch", `${batch}`, "--classes", "10"],
  torch: ["train-step", "--model", model, "--batch", `${batch}`, "--classes", "10"],
  variants: plain,
  runs,
});

const inferStep = (classes: number, runs: number): Work => ({
  name: `INFER step ResNet18, ${classes} classes, batch ${classes}`,
  ours: ["--work", "distill-step", "--model", "resnet18", "--classes", `${classes}`],
  torch: ["distill-step", "--model", "resnet18", "--classes", `${classes}`],
  variants: [
    { name: "hooks", args: ["--hooks"] },
    { name: "no hooks", args: [] },
  ],
  runs,
});

/** Half-size images go down the distance of their classes' mean features from real images' in a fixed ConvNet128. */
const matchStep = (real: number, runs: number): Work => {
  const sizes = ["--model", "convnet128", "--classes", "10", "--batch", "40", "--real", `${real}`];
  return {
    name: `matching step ConvNet128, 10 classes, 40 images each, ${real > 0 ? `${real} real ones seen` : "real means known"}`,
    ours: ["--work", "match-step", ...sizes],
    torch: ["match-step", ...sizes],
    variants: [
      { name: "class by class", args: [] },
      { name: "classes at once", args: ["--at-once"] },
    ],
    runs,
  };
};

export const processorWorks: readonly Work[] = [
  inferStep(100, 5),
  trainStep("ConvNet128", "convnet128", 64, 10),
  trainStep("ResNet18", "resnet18", 32, 5),
  trainStep("ResNet18", "resnet18", 128, 3),
  trainStep("four inverted residuals 32-192-32", "inverted", 64, 10),
  matchStep(128, 3),
  matchStep(0, 5),
];

/** The same on a GPU, over batch sizes; an INFER step's batch is its classes. */
export const gpuWorks = (batches: readonly number[]): readonly Work[] => [
  ...[100, ...batches].map((classes) => inferStep(classes, 20)),
  ...batches.map((batch) => trainStep("ConvNet128", "convnet128", batch, 20)),
  ...batches.map((batch) => trainStep("ResNet18", "resnet18", batch, 20)),
];
