"""Makes compensators.json: steps towards INFER's compensator, written from the method with modules, hooks, roll and clamp.

    /usr/bin/python3 test/goldens/make-compensators.py        (Debian's python3-torch, 1.13)

    u = argmin CE(f(roll(clamp(P + u)))) + alpha sum_l w_l (||mean_l - running_mean_l||_2 + ||var_l - running_var_l||_2)

Double precision; smooth teachers as in make-train-steps.py. Their running statistics (stored) are those of the base images,
moved by a formula, so that the activations stay smooth and the gaps are no trifle.
"""

import sys
import time

import torch
import torch.nn.functional as F
from torch import nn

from networks import build, float32, short, summary, uniform, write

torch.set_num_threads(1)
CLASSES, SIDE = 10, 32
NORMALISATION = {"mean": [0.49, 0.45, 0.4], "std": [0.25, 0.2, 0.3]}
MEAN, STD = (torch.tensor(NORMALISATION[k], dtype=torch.float64)[:, None, None] for k in ["mean", "std"])

# 8 bit pixels, a fifth of them black or white: these lie exactly on the bounds.
pixels = (127.5 + uniform("pixels", [CLASSES, 3, SIDE, SIDE], 160)).round().clamp(0, 255)
base = float32((pixels / 255 - MEAN) / STD)
low, high = float32((0 - MEAN) / STD), float32((1 - MEAN) / STD)


def norms_of(net):
    return [(name, m) for name, m in net.named_modules() if isinstance(m, nn.BatchNorm2d)]


def calibrate(architecture):
    """Running statistics by layer: [means, variances]."""
    net = build(architecture, SIDE, CLASSES, 4.5).train()
    for _, m in norms_of(net):
        m.momentum = 1.0
    net(base)
    stored = {}
    for name, m in norms_of(net):
        mean = m.running_mean + m.running_var.sqrt() * uniform(f"{name}/mean", m.running_mean.shape, 0.2)
        var = m.running_var * uniform(f"{name}/variance", m.running_var.shape, 0.2, 1.0)
        stored[name] = [[short(v, 4) for v in mean.tolist()], [short(v, 4) for v in var.tolist()]]
    return stored


teachers = {a: calibrate(a) for a in ["convnet32x3", "resnet18w16", "resnet18"]}


def teacher(architecture):
    net = build(architecture, SIDE, CLASSES, 4.5).eval()
    for name, m in norms_of(net):
        mean, var = teachers[architecture][name]
        m.running_mean.copy_(float32(mean))
        m.running_var.copy_(float32(var))
    return net.requires_grad_(False)


def run(architecture, alpha, spread, shifts, rates, dtype=torch.float64):
    net = teacher(architecture).to(dtype)
    terms = []

    def hook(module, inputs):
        (z,) = inputs
        mean, var = z.mean((0, 2, 3)), z.var((0, 2, 3), unbiased=False)
        weight = 1 if terms else 10
        terms.append(weight * ((mean - module.running_mean).norm() + (var - module.running_var).norm()))

    for _, m in norms_of(net):
        m.register_forward_pre_hook(hook)
    start = uniform("u", [1, 3, SIDE, SIDE], spread).to(dtype)
    u = start.clone().requires_grad_(True)
    images, bounds = base.to(dtype), (low.to(dtype), high.to(dtype))
    optimiser = torch.optim.Adam([u], lr=1, betas=(0.5, 0.9), eps=1e-8)
    losses = []
    clipped = ((images + u < bounds[0]) | (images + u > bounds[1])).double().mean().item()
    for shift, rate in zip(shifts, rates):
        terms.clear()
        x = torch.roll((images + u).clamp(*bounds), shift, (2, 3))
        cross_entropy = F.cross_entropy(net(x), torch.arange(CLASSES))
        statistics = sum(terms)
        optimiser.param_groups[0]["lr"] = rate
        optimiser.zero_grad()
        (cross_entropy + alpha * statistics).backward()
        optimiser.step()
        losses.append([cross_entropy.item(), statistics.item()])
    slots = optimiser.state[u]
    return {"change": u.detach() - start, "first": slots["exp_avg"], "second": slots["exp_avg_sq"]}, losses, clipped


cases = []


def case(architecture, alpha, spread, shifts, rates):
    start = time.time()
    results, losses, clipped = run(architecture, alpha, spread, shifts, rates)
    cases.append({
        "architecture": architecture, "alpha": alpha, "spread": spread, "shifts": shifts, "rates": rates,
        "clipped": short(clipped, 3), "losses": [[short(v) for v in pair] for pair in losses],
        **{n: summary(n, x, 250) for n, x in results.items()},
    })
    print(f"{architecture} alpha {alpha} steps {len(rates)} clipped {clipped:.2f} losses {losses} {time.time() - start:.1f} s")
    if "--float32" in sys.argv:
        single, _, _ = run(architecture, alpha, spread, shifts, rates, dtype=torch.float32)
        print("  float32 PyTorch differs by", {n: ((single[n] - x).norm() / x.norm()).item() for n, x in results.items()})


walk = [[3, 1], [0, 4], [2, 2], [4, 0]]
falling = [0.25, 0.2, 0.1, 0.05]
case("convnet32x3", 1, 0, [[1, 3]], [0.25])
case("convnet32x3", 1, 0, walk, falling)
case("convnet32x3", 0, 0, walk, falling)
case("convnet32x3", 1, 3, walk, falling)
case("resnet18w16", 1, 0, [[4, 2]], [0.25])
case("resnet18w16", 1, 0.5, walk, falling)
case("resnet18w16", 0, 0, walk[:2], falling[:2])
case("resnet18w16", 0.01, 3, walk, falling)
case("resnet18", 1, 0.5, walk[:2], falling[:2])
write("compensators.json", {"normalisation": NORMALISATION, "teachers": teachers, "cases": cases})
