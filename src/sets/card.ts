// The card of a set, README.md: for people, and to keep `datasets` from taking contact sheets for images.
import { printable } from "../support/format.ts";
import type { Unlisted } from "./set.ts";

export const cardName = "README.md";

/**
 * The head that `datasets` reads: a list of files that names none, or its load_dataset would take the contact sheets for
 * unlabelled images. The name ends up in its error message.
 */
const head = `---
configs:
- config_name: default
  data_files: "a distilled set is decoded first, by distillery export SET --to hf (its README tells more)"
tags: [dataset-distillation]
task_categories: [image-classification]
---
`;

/** Text of a manifest in one line of at most `most` characters. */
const line = (text: string, most: number): string => {
  const plain = printable(text);
  return plain.length > most ? `${plain.slice(0, most - 3)}...` : plain;
};

const channels = (values: readonly number[]): string => values.map((value) => value.toFixed(4)).join(" ");

/** The card of a set: made from its manifest alone, about 1.5 KB. */
export const cardOf = (manifest: Unlisted): string => {
  const { budget, classes, data, decoding, image, labels, method, normalisation, notice } = manifest;
  const soft =
    labels.kind === "none"
      ? "None is stored beside the class: row modulo the number of classes."
      : "`labels.safetensors`, [v, k, c, ...]: the teachers' mean logits, in that order of rows.";
  return `${head}# ${line(data, 100)}, distilled

${budget.trainingImages} training images of ${image.height}x${image.width}, ${classes.length} classes, by ${line(method, 100)} (ipc ${budget.ipc}). Made by distillery.

- **Use**: \`distillery train SET --student convnet\`; \`distillery export SET --to hf\` for load_dataset; or decode.onnx, in any ONNX runtime.
- **Images**: \`decode.onnx\` makes them of \`bases/*.png\`${budget.compensators > 0 ? " and `compensators.safetensors`" : ""}. ${line(decoding, 1500)}
- **Normalisation**: (pixel / 255 - mean) / std of red, green, blue; mean ${channels(normalisation.mean)}, std ${channels(normalisation.std)}.
- **Soft labels**: ${soft}
- **Training** (optimiser, schedule, losses, augmentation) and class names: \`manifest.json\`.

${line(notice, 1000)}
`;
};

/** True where a text begins as the cards that are written here. */
export const isCard = (text: string): boolean => text.startsWith(head);
