"""Makes match-steps.json: losses of the bench's matching steps in PyTorch, one step under each of DSA's changes.

    python3 test/goldens/make-match-steps.py        (with PyTorch 2.15)

It runs the very code that is timed, bench/peers/torch_peer.py, in double precision on weights and pixels by formula.
"""

import sys
from argparse import Namespace
from pathlib import Path

import torch

from networks import build, short, uniform, write

sys.dont_write_bytecode = True  # leave no cache beside the sources
sys.path.append(str(Path(__file__).parents[2] / "bench" / "peers"))
import torch_peer

torch.set_num_threads(1)
torch.set_default_dtype(torch.float64)
CLASSES, EACH, REAL, SIDE, STEPS = 2, 3, 5, 32, 5


class Fixed:
    """Draws change number `step`, and .7 of whatever else there is to draw."""

    def __init__(self, step):
        self.step = step

    def random(self):
        return 0.7

    def randrange(self, n):
        step, self.step = self.step, None
        return int(0.7 * n) if step is None else step


def losses(wanted, at_once):
    network = build("convnet32x3", SIDE, CLASSES, 4.5).eval().requires_grad_(False)
    features = torch.nn.Sequential(network.blocks, torch.nn.Flatten())
    images = uniform("images", [CLASSES, EACH, 3, SIDE // 2, SIDE // 2], 1.9).requires_grad_()
    optimiser = torch.optim.Adam([images], lr=0.02, betas=(0.9, 0.99), eps=1e-8)
    args = Namespace(at_once=at_once, channels_last=False)
    update = lambda i: torch_peer.match_update(
        args, features, torch_peer.siamese(Fixed(i), SIDE), images, wanted, optimiser, -2.0, 2.0)
    return [short(update(i).detach()) for i in range(STEPS)]


content = {}
for name, wanted in {"real": uniform("real", [CLASSES, REAL, 3, SIDE, SIDE], 2.0),
                     "means": uniform("means", [CLASSES, 32 * (SIDE // 8) ** 2], 0.1, 6.8)}.items():
    content[name] = losses(wanted, at_once=False)
    once = losses(wanted, at_once=True)
    assert all(abs(a - b) < 1e-6 * a for a, b in zip(content[name], once)), (content[name], once)
write("match-steps.json", {"classes": CLASSES, "each": EACH, "seen": REAL, "losses": content})
print(content)
