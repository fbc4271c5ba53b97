"""Makes logits.json: logits of PyTorch networks in eval mode on fixed weights and images, for every stem and odd sizes.

    /usr/bin/python3 test/goldens/make-logits.py        (Debian's python3-torch, 1.13)
"""

import torch

from networks import build, short, uniform, write

torch.set_num_threads(1)
cases = []
# A gain keeps what tells the two images apart alive through a deep network: their logits differ by 1 % and more.
for architecture, side, classes, gain in [
    ("resnet18w8", 28, 5, 1),
    ("resnet18w8", 32, 10, 1),
    ("resnet18w8", 64, 10, 1),
    ("resnet18w8", 65, 10, 1),
    ("resnet18w8", 96, 7, 1),
    ("resnet18w8", 224, 10, 1),
    ("convnet8x3", 28, 10, 1),
    ("convnet8x3", 32, 10, 1),
    ("convnet8x4", 64, 200, 1),
    ("convnet24x2", 33, 3, 1),
    ("convnet8x3in", 32, 10, 1),
    ("convnet16x2in", 33, 3, 1),
    ("resnet34w8", 32, 10, 1),
    ("resnet34w8", 72, 5, 1),
    ("resnet50w16", 32, 10, 1.25),
    ("resnet50w8", 96, 5, 1.25),
    ("resnet101w4", 32, 10, 1.5),
    ("resnet101w4", 72, 5, 1.25),
    ("mobilenetv2", 32, 10, 1.5),
    ("mobilenetv2w16", 28, 5, 1.5),
    ("mobilenetv2w8", 64, 7, 1.5),
    ("mobilenetv2w8", 96, 7, 1.5),
    ("efficientnetb0", 32, 10, 1.75),
    ("efficientnetb0w16", 28, 5, 1.75),
    ("efficientnetb0w8", 96, 7, 1.75),
    ("shufflenetv2", 32, 10, 1.5),
    ("shufflenetv2w16", 28, 5, 1.5),
    ("shufflenetv2w16", 96, 7, 1.5),
]:
    # BatchNorm biases around 0, as in real networks: ReLU cuts about half of everything, and max-pool meets zeros.
    net = build(architecture, side, classes, 0, gain).eval()
    with torch.no_grad():
        logits = net(uniform("images", [2, 3, side, side], 2.0))
    print(f"{architecture}, {side}: largest {logits.abs().max():.3g}, apart by {(logits[0] - logits[1]).abs().max():.2g}")
    given = {"architecture": architecture, "side": side, "classes": classes, **({} if gain == 1 else {"gain": gain})}
    cases.append({**given, "logits": [short(v) for v in logits.flatten()]})
write("logits.json", {"cases": cases})
