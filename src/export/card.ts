// The card of an export: a README.md with the front matter that the Hugging Face Hub reads.
import { stringify } from "yaml";
import { describeDecoding, layoutOf } from "../sets/layout.ts";
import { formatCount, plural, printable } from "../support/format.ts";
import type { ExportFolder } from "./export-folder.ts";
import type { ExportFormat } from "./format.ts";
import type { ExportSource } from "./source.ts";

/** Classes that the card lists; class_index.json has all. */
const mostListed = 100;

/** The Hub's words for numbers of rows. */
const sizes: readonly (readonly [below: number, word: string])[] = [
  [1e3, "n<1K"],
  [1e4, "1K<n<10K"],
  [1e5, "10K<n<100K"],
  [1e6, "100K<n<1M"],
  [1e7, "1M<n<10M"],
  [Number.POSITIVE_INFINITY, "10M<n<100M"],
];

const frontMatter = (source: ExportSource, format: ExportFormat, folder: ExportFolder, title: string): string => {
  const fields = {
    pretty_name: title,
    task_categories: ["image-classification"],
    size_categories: [sizes.find(([below]) => source.length < below)![1]],
    tags: ["dataset-distillation", "distillery"],
    configs: [{ config_name: "default", data_files: [{ split: "train", path: format.dataFiles }] }],
    ...format.cardFields?.(source, folder),
  };
  return `---\n# license: to be chosen by the publisher; the licence of the original data counts\n${stringify(fields)}---\n`;
};

const pixelsOf = ({ manifest, rounding }: ExportSource, { pixels }: ExportFormat): string => {
  const { mean, std } = manifest.normalisation;
  const values = `mean [${mean.join(", ")}], std [${std.join(", ")}] of pixel / 255 (red, green, blue; no whitening)`;
  if (pixels === "float32") {
    return `float32, normalised as (pixel / 255 - mean) / std and exact: \`images * std + mean\` are pixels from 0 to 1. ${values}.`;
  }
  const error =
    rounding < 0.001 ? "no value was changed" : `the largest change is ${rounding.toFixed(3)} of 255 grey levels`;
  return `PNG of 8 bits; values were rounded to them (${error}). Students take (pixel / 255 - mean) / std with ${values}.`;
};

const labelsOf = ({ manifest, hasLogits, temperature }: ExportSource): string => {
  const hard = `The label of row r is r mod ${manifest.classes.length}; classes are in the original's order, which is not the alphabet's.`;
  if (!hasLogits) return `${hard} The set stores no soft labels.`;
  const T = temperature === undefined ? "T" : `T = ${temperature}`;
  return (
    `${hard} Soft labels are **logits**, the mean of the teachers', as the set stores them and not probabilities: targets are \`softmax(logits / T)\`, ` +
    `and the loss is KL(softmax(logits / T) || softmax(outputs / T)), summed over classes, mean over the batch, without a factor T^2` +
    `${temperature === undefined ? "" : `; the set's students have ${T}`}.`
  );
};

/** Says how the set's own students are trained, by its manifest; sets of earlier versions say it in numbers only. */
const trainingOf = ({ manifest, repeats }: ExportSource): readonly string[] => [
  ...(repeats === 1 ? [] : [`- **An epoch** of the set's own students sees each image ${formatCount(repeats)} times.`]),
  ...(manifest.training === undefined
    ? []
    : [
        "- **Training** of the set's own students:",
        ...Object.entries(manifest.training).map(([name, words]) => `  - ${name}: ${printable(words)}`),
      ]),
];

const classList = (classes: readonly string[]): string => {
  const rows = classes.slice(0, mostListed).map((name, label) => `${label} ${printable(name)}`);
  const more = classes.length - rows.length;
  return ["```", ...rows, ...(more > 0 ? [`and ${formatCount(more)} more: class_index.json`] : []), "```"].join("\n");
};

/** Names the export for people: data, method and number of images. */
export const titleOf = ({ manifest, length }: ExportSource): string =>
  printable(`${manifest.data} distilled by ${manifest.method}: ${plural(length, "image")}`);

/** Says in one sentence what the export holds. */
export const summaryOf = ({ manifest, length }: ExportSource): string => {
  const { height, width } = manifest.image;
  return (
    `${plural(length, "training image")} of ${height}x${width} pixels for ${plural(manifest.classes.length, "class", "classes")}, ` +
    `distilled from ${printable(manifest.data)} by the method ${printable(manifest.method)} with the storage of ${plural(manifest.budget.ipc, "image")} a class.`
  );
};

/** The text of README.md, once the files of data are written. */
export const cardOf = (source: ExportSource, format: ExportFormat, folder: ExportFolder): string => {
  const { manifest } = source;
  const title = titleOf(source);
  const parts = [
    `${frontMatter(source, format, folder, title)}\n# ${title}`,
    `${summaryOf(source)} Made with Distillery from seed ${manifest.seed}${
      manifest.sha256 === undefined ? "" : `; the set's manifest has sha256 \`${manifest.sha256}\``
    }.`,
    `\`\`\`python\n${format.open.replaceAll("FOLDER", ".")}\n\`\`\``,
    [
      `- **Images**: ${pixelsOf(source, format)}`,
      `- **Labels**: ${labelsOf(source)}`,
      `- **Order of rows**: the set's. ${describeDecoding(layoutOf(manifest))}`,
      ...trainingOf(source),
    ].join("\n"),
    `## Classes\n\n${classList(manifest.classes)}`,
    `## Before you share it\n\n${manifest.notice}`,
  ];
  return `${parts.join("\n\n")}\n`;
};
