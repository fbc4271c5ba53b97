// Ways to use a set: a few lines each, for a page and for Markdown.
import { shellWord } from "../../support/format.ts";
import { html, type Markup } from "../page/markup.ts";

/** Lines to copy. */
export interface Way {
  readonly name: string;
  readonly code: string;
}

export interface UsedSet {
  /** Its folder, as it was named where the program ran. */
  readonly folder: string;
  readonly student: string;
  /** True where the teachers' logits are stored. */
  readonly soft: boolean;
}

/** Lines that train on a set from the command line, TypeScript, PyTorch and Hugging Face. */
export const waysToUse = ({ folder, student, soft }: UsedSet): readonly Way[] => {
  const set = shellWord(folder);
  return [
    {
      name: "Command line",
      code: `distillery train ${set} --student ${shellWord(student)} --out student`,
    },
    {
      name: "TypeScript",
      code: `import { openSet, trainStudent } from "distillery";

const set = await openSet(${JSON.stringify(folder)});
const student = await trainStudent(set, { student: ${JSON.stringify(student)} });`,
    },
    {
      name: "PyTorch",
      code: `# distillery export ${set} --to safetensors --out tensors
from safetensors.torch import load_file
from torch.utils.data import TensorDataset

data = load_file("tensors/train.safetensors")
train = TensorDataset(data["images"], data[${soft ? '"logits"' : '"labels"'}])`,
    },
    {
      name: "Hugging Face",
      code: `# distillery export ${set} --to hf --out folder
from datasets import load_dataset

train = load_dataset("folder", split="train")`,
    },
  ];
};

/** The two sentences without which rows are read wrongly, or are normalised twice. */
export const rulesOfUse = (decoding: string): string =>
  `${decoding === "" ? "" : `${decoding} `}Labels have the same order of rows; images from decode.onnx and in arrays are normalised already, by the mean and std of manifest.json.`;

/** The blocks side by side, and the rules below them. */
export const useSection = (set: UsedSet, decoding: string): Markup =>
  html`<p class="lead">The set lies in <code>${set.folder}</code>. Its decode.onnx makes the training images without distillery, in any ONNX runtime.</p>
<div class="columns ways">${waysToUse(set).map(
    ({
      name,
      code,
    }) => html`<div><h3>${name}</h3><pre tabindex="0" aria-label="${name}"><code>${code}</code></pre></div>
`,
  )}</div>
<p class="quiet note">${rulesOfUse(decoding)}</p>`;
