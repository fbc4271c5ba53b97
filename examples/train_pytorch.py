"""Trains a small network in PyTorch on an export of a distilled set, with the recipe of the set's own students:

    distillery export SET --to safetensors --out DIR
    python train_pytorch.py DIR/train.safetensors [steps]

Needs torch and safetensors. Images are normalised already; a test image is (pixel / 255 - mean) / std.
"""
import json
import math
import sys

import torch
import torch.nn.functional as F
from safetensors import safe_open

with safe_open(sys.argv[1], "pt") as file:
    data, about = {name: file.get_tensor(name) for name in file.keys()}, file.metadata()
images, labels, logits = data["images"], data["labels"], data.get("logits")
classes, T = json.loads(about["classes"]), float(about.get("temperature", 1))
steps, batch, rate, pad = int(sys.argv[2]) if len(sys.argv) > 2 else 300, 64, 1e-3, images.shape[2] // 8


def augmented(x):
    """Each image shifted by up to an eighth of its height, and every second one mirrored."""
    n, _, H, W = x.shape
    padded = F.pad(x, [pad] * 4)
    shifts = torch.randint(0, 2 * pad + 1, (n, 2)).tolist()
    x = torch.stack([image[:, dy : dy + H, dx : dx + W] for image, (dy, dx) in zip(padded, shifts)])
    return torch.where(torch.rand(n, 1, 1, 1) < 0.5, x.flip(3), x)


def block(inputs, width):
    return [torch.nn.Conv2d(inputs, width, 3, padding=1), torch.nn.BatchNorm2d(width), torch.nn.ReLU(), torch.nn.AvgPool2d(2)]


torch.manual_seed(0)
layers = [*block(3, 32), *block(32, 32), *block(32, 32), torch.nn.AdaptiveAvgPool2d(4), torch.nn.Flatten()]
model = torch.nn.Sequential(*layers, torch.nn.Linear(32 * 16, len(classes)))
optimiser = torch.optim.AdamW(model.parameters(), lr=rate, weight_decay=0.01)
schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: (1 + math.cos(math.pi * step / steps)) / 2)
for step in range(steps):
    rows = torch.randint(len(images), (batch,))
    outputs = model(augmented(images[rows]))
    if logits is None:
        loss = F.cross_entropy(outputs, labels[rows])
    else:  # KL(softmax(logits / T) || softmax(outputs / T)), mean over the batch, without a factor T^2
        loss = F.kl_div(F.log_softmax(outputs / T, 1), F.softmax(logits[rows] / T, 1), reduction="batchmean")
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()
    schedule.step()
    if (step + 1) % 50 == 0:
        hits = (outputs.argmax(1) == labels[rows]).float().mean().item()
        print(f"step {step + 1}: loss {loss.item():.5f}, {100 * hits:.0f} % of the batch right")
torch.save(model.state_dict(), "student.pt")
