"""Makes logits.json: logits of PyTorch networks in eval mode on fixed weights and images, for every stem and odd sizes.

    /usr/bin/python3 test/goldens/make-logits.py        (Debian's python3-torch, 1.13)
"""

import torch

from networks import build, short, uniform, write

torch.set_num_threads(1)
cases = []
for architecture, side, classes in [
    ("resnet18w8", 28, 5),
    ("resnet18w8", 32, 10),
    ("resnet18w8", 64, 10),
    ("resnet18w8", 96, 7),
    ("resnet18w8", 224, 10),
    ("convnet8x3", 28, 10),
    ("convnet8x3", 32, 10),
    ("convnet8x4", 64, 200),
    ("convnet24x2", 33, 3),
]:
    # BatchNorm biases around 0, as in real networks: ReLU cuts about half of everything, and max-pool meets zeros.
    net = build(architecture, side, classes, 0).eval()
    with torch.no_grad():
        logits = net(uniform("images", [2, 3, side, side], 2.0))
    cases.append({"architecture": architecture, "side": side, "classes": classes, "logits": [short(v) for v in logits.flatten()]})
write("logits.json", {"cases": cases})
