// One file of tensors, and a script that makes PyTorch's own files of it.
import { safetensorsHeader } from "../../codecs/safetensors.ts";
import { arraysOf } from "../arrays.ts";
import type { ExportFormat } from "../format.ts";

/** Makes the two files that scripts of other methods read. */
const script = `# Makes x.pt (images, normalised) and y.pt (labels) beside train.safetensors: python save_pt.py
import os
import torch
from safetensors.torch import load_file

here = os.path.dirname(os.path.abspath(__file__))
data = load_file(os.path.join(here, "train.safetensors"))
torch.save(data["images"], os.path.join(here, "x.pt"))
torch.save(data["labels"], os.path.join(here, "y.pt"))
`;

export const safetensors: ExportFormat = {
  name: "safetensors",
  about: "train.safetensors: images (float32, normalised, exact), labels and logits; a script makes x.pt and y.pt",
  pixels: "float32",
  dataFiles: "train.safetensors",
  write: async (source, folder) => {
    const { manifest, repeats, temperature } = source;
    const arrays = arraysOf(source);
    const { header, order } = safetensorsHeader(Object.fromEntries(arrays.map((array) => [array.name, array])), {
      order: manifest.decoding,
      mean: JSON.stringify(manifest.normalisation.mean),
      std: JSON.stringify(manifest.normalisation.std),
      classes: JSON.stringify(manifest.classes),
      repeats: String(repeats),
      ...(temperature !== undefined && { temperature: String(temperature) }),
    });
    await folder.write("train.safetensors", async (append) => {
      await append(header);
      for (const name of order) {
        for await (const piece of arrays.find((array) => array.name === name)!.pieces()) await append(piece);
      }
    });
    await folder.write("save_pt.py", (append) => append(new TextEncoder().encode(script)));
  },
  open: `from safetensors import safe_open

with safe_open("FOLDER/train.safetensors", "pt") as file:
    data = {name: file.get_tensor(name) for name in file.keys()}  # images, labels and, where there are any, logits
    about = file.metadata()  # mean, std, classes, order`,
  describe: () => ({ distribution: [], recordSet: [] }),
};
