"""What the golden makers share: numbers by formula, the networks as PyTorch modules, short summaries of long tensors.

The same formulas stand in formula.ts, so that neither weights nor images need storing. The modules follow the networks'
definitions and torchvision's names and know nothing of our code.
"""

import json
import re
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import nn

from light_networks import EfficientNetB0, MobileNetV2, ShuffleNetV2


def fnv1a(text):
    h = 0x811C9DC5
    for byte in text.encode():
        h = ((h ^ byte) * 0x01000193) & 0xFFFFFFFF
    return h


def uniform(name, shape, scale=1.0, shift=0.0):
    """shift + scale u, u in [-1, 1) with 24 bits by hashing name and index; rounded to float32, given as float64."""
    size = int(np.prod(shape))
    x = np.arange(size, dtype=np.uint32) * np.uint32(0x9E3779B1) + np.uint32(fnv1a(name))
    for shift_by, factor in [(16, 0x7FEB352D), (15, 0x846CA68B)]:
        x = (x ^ (x >> np.uint32(shift_by))) * np.uint32(factor)
    x = x ^ (x >> np.uint32(16))
    u = (x >> np.uint32(8)).astype(np.float64) / 2**23 - 1
    return torch.from_numpy((shift + scale * u).astype(np.float32).astype(np.float64).reshape(shape))


def float32(x):
    return torch.as_tensor(x, dtype=torch.float64).float().double()


class ConvNet(nn.Module):
    def __init__(self, width, depth, side, classes, norm=nn.BatchNorm2d):
        super().__init__()
        blocks = []
        for i in range(depth):
            block = nn.Sequential()
            block.add_module("conv", nn.Conv2d(3 if i == 0 else width, width, 3, padding=1))
            block.add_module("norm", norm(width))
            block.add_module("relu", nn.ReLU())
            block.add_module("pool", nn.AvgPool2d(2))
            blocks.append(block)
        self.blocks = nn.Sequential(*blocks)
        self.fc = nn.Linear(width * (side // 2**depth) ** 2, classes)

    def forward(self, x):
        return self.fc(self.blocks(x).flatten(1))


def projection(cin, cout, stride):
    """The shortcut of a residual block, or None where the input itself serves."""
    if stride == 1 and cin == cout:
        return None
    return nn.Sequential(nn.Conv2d(cin, cout, 1, stride, bias=False), nn.BatchNorm2d(cout))


class BasicBlock(nn.Module):
    expansion = 1

    def __init__(self, cin, width, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(cin, width, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.downsample = projection(cin, width, stride)

    def forward(self, x):
        y = self.bn2(self.conv2(self.bn1(self.conv1(x)).relu()))
        return (y + (x if self.downsample is None else self.downsample(x))).relu()


class Bottleneck(nn.Module):
    expansion = 4

    def __init__(self, cin, width, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(cin, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, 4 * width, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(4 * width)
        self.downsample = projection(cin, 4 * width, stride)

    def forward(self, x):
        y = self.bn2(self.conv2(self.bn1(self.conv1(x)).relu())).relu()
        return (self.bn3(self.conv3(y)) + (x if self.downsample is None else self.downsample(x))).relu()


class ResNet(nn.Module):
    def __init__(self, depth, width, side, classes):
        super().__init__()
        small = side <= 64
        block, repeats = {
            18: (BasicBlock, [2, 2, 2, 2]),
            34: (BasicBlock, [3, 4, 6, 3]),
            50: (Bottleneck, [3, 4, 6, 3]),
            101: (Bottleneck, [3, 4, 23, 3]),
        }[depth]
        self.conv1 = nn.Conv2d(3, width, 3, 1, 1, bias=False) if small else nn.Conv2d(3, width, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.maxpool = nn.Identity() if small else nn.MaxPool2d(3, 2, 1)
        cin = width
        for stage, count in enumerate(repeats):
            layer = nn.Sequential()
            for i in range(count):
                layer.append(block(cin, width * 2**stage, 2 if stage > 0 and i == 0 else 1))
                cin = width * 2**stage * block.expansion
            setattr(self, f"layer{stage + 1}", layer)
        self.fc = nn.Linear(cin, classes)

    def forward(self, x):
        x = self.maxpool(self.bn1(self.conv1(x)).relu())
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.fc(x.mean((2, 3)))


def module_of(architecture, side, classes):
    """The network of a name, as src/models/registry.ts reads it."""
    convnet = re.fullmatch(r"convnet(\d+)x(\d+)(in)?", architecture)
    if convnet:
        norm = partial(nn.InstanceNorm2d, affine=True) if convnet[3] else nn.BatchNorm2d
        return ConvNet(int(convnet[1]), int(convnet[2]), side, classes, norm)
    family, width = re.fullmatch(r"(\w+?)(?:w(\d+))?", architecture).groups()
    if family.startswith("resnet"):
        return ResNet(int(family[len("resnet"):]), int(width or 64), side, classes)
    kind, usual = {"mobilenetv2": (MobileNetV2, 32), "efficientnetb0": (EfficientNetB0, 32), "shufflenetv2": (ShuffleNetV2, 116)}[family]
    return kind(int(width or usual), side, classes)


def build(architecture, side, classes, norm_bias, gain=1):
    """A network in double precision with the weights of formula.ts: BatchNorm biases within .5 of `norm_bias`.

    Filters' outputs have about the standard deviation of their inputs, times `gain`.
    """
    net = module_of(architecture, side, classes).double()
    norms = {name for name, module in net.named_modules() if isinstance(module, nn.BatchNorm2d)}
    with torch.no_grad():
        for name, p in net.named_parameters():
            owner, kind = name.rsplit(".", 1)
            if owner in norms:
                p.copy_(uniform(name, p.shape, *((0.2, 0.8) if kind == "weight" else (0.5, norm_bias))))
            elif kind == "weight":
                p.copy_(uniform(name, p.shape, gain * (3 / (p.numel() // p.shape[0])) ** 0.5))
            else:
                p.copy_(uniform(name, p.shape, 0.1))
        for name, b in net.named_buffers():
            if name.endswith("running_mean"):
                b.copy_(uniform(name, b.shape, 0.2))
            elif name.endswith("running_var"):
                b.copy_(uniform(name, b.shape, 0.5, 1.0))
    return net


def short(value, digits=7):
    value = float(f"{float(value):.{digits - 1}e}")
    return int(value) if value == int(value) and abs(value) < 1e6 else value


def summary(name, x, samples):
    """Euclidean norm, inner product with a fixed random vector, and some entries of a tensor: enough to tell it by."""
    flat = x.detach().double().flatten()
    if flat.numel() <= samples:
        at = torch.arange(flat.numel())
    else:
        places = uniform(f"{name}/samples", [samples], 0.5, 0.5)
        at = (places * flat.numel()).floor().long().clamp(max=flat.numel() - 1)
    return [short(flat.norm()), short(flat @ uniform(f"{name}/projection", flat.shape)), [short(v) for v in flat[at]]]


def write(name, content):
    path = Path(__file__).with_name(name)
    path.write_text(json.dumps({"torch": torch.__version__.split("+")[0], **content}, separators=(",", ":")) + "\n")
    print(f"{name}: {path.stat().st_size} bytes")
