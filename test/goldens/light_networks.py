"""The networks for small machines as PyTorch modules: MobileNetV2, EfficientNet-B0, ShuffleNetV2; see networks.py."""

import torch
from torch import nn


def conv_norm(cin, cout, kernel=1, stride=1, groups=1, activation=None):
    layers = [nn.Conv2d(cin, cout, kernel, stride, kernel // 2, groups=groups, bias=False), nn.BatchNorm2d(cout)]
    return nn.Sequential(*layers, *([] if activation is None else [activation()]))


def whole_eights(channels):
    """The rounding of narrowed networks: to the nearest multiple of 8, but never below 90 % of what was asked for."""
    near = max(8, int(channels + 4) // 8 * 8)
    return near + 8 if near < 0.9 * channels else near


class Residual(nn.Module):
    """Adds the input to what the one child, named as the network's definition has it, makes of it."""

    def __init__(self, name, body, skip):
        super().__init__()
        self.add_module(name, body)
        self.name, self.skip = name, skip

    def forward(self, x):
        y = getattr(self, self.name)(x)
        return x + y if self.skip else y


class MobileNetV2(nn.Module):
    stages = [(1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)]

    def __init__(self, width, side, classes):
        super().__init__()
        small = side <= 64
        cin = whole_eights(width)
        self.features = nn.Sequential(conv_norm(3, cin, 3, 1 if small else 2, activation=nn.ReLU6))
        for stage, (expansion, channels, count, stride) in enumerate(self.stages):
            cout = whole_eights(channels * width / 32)
            for i in range(count):
                step = stride if i == 0 and not (small and stage == 1) else 1
                hidden = cin * expansion
                conv = nn.Sequential() if expansion == 1 else nn.Sequential(conv_norm(cin, hidden, activation=nn.ReLU6))
                conv.append(conv_norm(hidden, hidden, 3, step, hidden, nn.ReLU6))
                conv.append(nn.Conv2d(hidden, cout, 1, bias=False)).append(nn.BatchNorm2d(cout))
                self.features.append(Residual("conv", conv, step == 1 and cin == cout))
                cin = cout
        last = whole_eights(1280 * max(1, width / 32))
        self.features.append(conv_norm(cin, last, activation=nn.ReLU6))
        self.classifier = nn.Sequential(nn.Identity(), nn.Linear(last, classes))

    def forward(self, x):
        return self.classifier(self.features(x).mean((2, 3)))


class SqueezeExcitation(nn.Module):
    def __init__(self, channels, squeezed):
        super().__init__()
        self.fc1 = nn.Conv2d(channels, squeezed, 1)
        self.fc2 = nn.Conv2d(squeezed, channels, 1)

    def forward(self, x):
        return x * self.fc2(nn.functional.silu(self.fc1(x.mean((2, 3), keepdim=True)))).sigmoid()


class EfficientNetB0(nn.Module):
    stages = [
        (1, 3, 1, 16, 1), (6, 3, 2, 24, 2), (6, 5, 2, 40, 2), (6, 3, 2, 80, 3), (6, 5, 1, 112, 3), (6, 5, 2, 192, 4), (6, 3, 1, 320, 1),
    ]

    def __init__(self, width, side, classes):
        super().__init__()
        small = side <= 64
        cin = whole_eights(width)
        self.features = nn.Sequential(conv_norm(3, cin, 3, 1 if small else 2, activation=nn.SiLU))
        for stage, (expansion, kernel, stride, channels, count) in enumerate(self.stages):
            cout = whole_eights(channels * width / 32)
            layer = nn.Sequential()
            for i in range(count):
                step = stride if i == 0 and not (small and stage == 1) else 1
                hidden = cin * expansion
                block = nn.Sequential() if expansion == 1 else nn.Sequential(conv_norm(cin, hidden, activation=nn.SiLU))
                block.append(conv_norm(hidden, hidden, kernel, step, hidden, nn.SiLU))
                block.append(SqueezeExcitation(hidden, max(1, cin // 4))).append(conv_norm(hidden, cout))
                layer.append(Residual("block", block, step == 1 and cin == cout))
                cin = cout
            self.features.append(layer)
        self.features.append(conv_norm(cin, 4 * cin, activation=nn.SiLU))
        self.classifier = nn.Sequential(nn.Identity(), nn.Linear(4 * cin, classes))

    def forward(self, x):
        return self.classifier(self.features(x).mean((2, 3)))


class ShuffleUnit(nn.Module):
    def __init__(self, cin, cout, stride):
        super().__init__()
        half = cout // 2
        inner = cin if stride == 2 else half
        self.branch1 = None
        if stride == 2:
            self.branch1 = nn.Sequential(*conv_norm(cin, cin, 3, 2, cin), *conv_norm(cin, half, activation=nn.ReLU))
        self.branch2 = nn.Sequential(
            *conv_norm(inner, half, activation=nn.ReLU),
            *conv_norm(half, half, 3, stride, half),
            *conv_norm(half, half, activation=nn.ReLU),
        )

    def forward(self, x):
        if self.branch1 is None:
            kept, changed = x.chunk(2, 1)
            halves = [kept, self.branch2(changed)]
        else:
            halves = [self.branch1(x), self.branch2(x)]
        return torch.stack(halves, 2).flatten(1, 2)


class ShuffleNetV2(nn.Module):
    def __init__(self, width, side, classes):
        super().__init__()
        small = side <= 64
        self.conv1 = conv_norm(3, 24, 3, 1 if small else 2, activation=nn.ReLU)
        self.maxpool = nn.Identity() if small else nn.MaxPool2d(3, 2, 1)
        cin = 24
        for stage, count in enumerate([4, 8, 4]):
            cout = width * 2**stage
            units = [ShuffleUnit(cin, cout, 2), *(ShuffleUnit(cout, cout, 1) for _ in range(count - 1))]
            setattr(self, f"stage{stage + 2}", nn.Sequential(*units))
            cin = cout
        self.conv5 = conv_norm(cin, 1024, activation=nn.ReLU)
        self.fc = nn.Linear(1024, classes)

    def forward(self, x):
        x = self.stage4(self.stage3(self.stage2(self.maxpool(self.conv1(x)))))
        return self.fc(self.conv5(x).mean((2, 3)))
