"""Loads `distillery export SET --to hf --out DIR` with Hugging Face's datasets: python load_huggingface.py DIR

Needs datasets, pillow and torch. A repository's name, such as user/name, does instead of DIR.
"""
import sys

import numpy as np
import torch
from datasets import load_dataset

data = load_dataset(sys.argv[1], split="train")
print(data.features)
names = data.features["label"].names  # in the order of the labels, which is not the alphabet's
print(f"{len(data)} images, the first is of class {names[data[0]['label']]}")

# Batches for PyTorch: pixels from 0 to 1 [n, 3, H, W]; README.md has the mean and deviation to normalise them by.
def to_tensors(rows):
    images = torch.stack([torch.from_numpy(np.array(image)).permute(2, 0, 1) / 255 for image in rows["image"]])
    return {"images": list(images), **{name: [torch.tensor(v) for v in rows[name]] for name in rows if name != "image"}}


loader = torch.utils.data.DataLoader(data.with_transform(to_tensors), batch_size=64, shuffle=True)
print({name: tuple(values.shape) for name, values in next(iter(loader)).items()})
