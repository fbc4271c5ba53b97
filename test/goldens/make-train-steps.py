"""Makes train-steps.json: what torch.optim does to whole networks in two consecutive training steps.

    /usr/bin/python3 test/goldens/make-train-steps.py        (Debian's python3-torch, 1.13)

PyTorch computes in double precision. The networks are smooth: BatchNorm biases near 4.5 keep almost every ReLU away from
its kink, so that float32 decides no sign. Adam's first step is nearly the sign of the gradient, which no float32 computation
can reproduce where gradients vanish; the `warm` cases therefore start in the middle of a run, with moments of the gradients'
size: first = s u, second = s^2 (1 + u / 2), s being each tensor's root mean square gradient (stored).
"""

import sys
import time

import torch
import torch.nn.functional as F

from networks import build, short, summary, uniform, write

torch.set_num_threads(1)
T = 30
CLASSES, SIDE = 10, 32


def loss_of(net, objective, images, targets):
    logits = net(images)
    if objective == "hard":
        return F.cross_entropy(logits, targets.argmax(1))
    return F.kl_div(F.log_softmax(logits / T, 1), F.softmax(targets / T, 1), reduction="batchmean")


def batch_of(batch, step):
    return uniform(f"images/{step}", [batch, 3, SIDE, SIDE], 2.0), uniform(f"targets/{step}", [batch, CLASSES], 20.0)


def gradient_scales(net, objective, batch):
    loss_of(net, objective, *batch_of(batch, 0)).backward()
    scales = {name: p.grad.square().mean().sqrt() for name, p in net.named_parameters()}
    # The bias of a convolution before a BatchNorm has no gradient: it gets its filter's scale.
    return {n: short(scales[n[: -len("bias")] + "weight"] if "conv.bias" in n else s, 3) for n, s in scales.items()}


def run(architecture, optimiser, objective, batch, warm, rates, dtype=torch.float64):
    net = build(architecture, SIDE, CLASSES, 4.5)
    scales = {}
    if warm:
        scales = gradient_scales(net, objective, batch)
        net = build(architecture, SIDE, CLASSES, 4.5)
    net = net.to(dtype).train()
    kind = {"adamw": torch.optim.AdamW, "adam": torch.optim.Adam, "sgd": torch.optim.SGD}[optimiser["kind"]]
    options = {"weight_decay": optimiser.get("weightDecay", 0)}
    if optimiser["kind"] == "sgd":
        options |= {"momentum": optimiser["momentum"], "nesterov": optimiser["nesterov"]}
    torch_optimiser = kind(net.parameters(), lr=1, **options)
    parameters = dict(net.named_parameters())
    if warm:
        for name, p in parameters.items():
            s = scales[name]
            torch_optimiser.state[p] = {
                "step": torch.tensor(float(warm)),
                "exp_avg": uniform(f"{name}/first", p.shape, s).to(dtype),
                "exp_avg_sq": uniform(f"{name}/second", p.shape, s * s / 2, s * s).to(dtype),
            }
    buffers = {n: b for n, b in net.named_buffers() if "running" in n}
    before = {n: t.detach().clone() for n, t in [*parameters.items(), *buffers.items()]}
    losses = []
    for step, rate in enumerate(rates):
        torch_optimiser.param_groups[0]["lr"] = rate
        torch_optimiser.zero_grad()
        images, targets = (x.to(dtype) for x in batch_of(batch, step))
        loss = loss_of(net, objective, images, targets)
        loss.backward()
        torch_optimiser.step()
        losses.append(loss.item())
    changes = {n: t.detach() - before[n] for n, t in [*parameters.items(), *buffers.items()]}
    names = {"velocity": "momentum_buffer"} if optimiser["kind"] == "sgd" else {"first": "exp_avg", "second": "exp_avg_sq"}
    slots = {f"{slot}/{n}": torch_optimiser.state[p][key] for slot, key in names.items() for n, p in parameters.items()}
    return scales, losses, changes, slots


cases = []


def case(architecture, optimiser, objective, batch, rates, warm=0):
    start = time.time()
    arguments = (architecture, optimiser, objective, batch, warm, rates)
    scales, losses, changes, slots = run(*arguments)
    cases.append({
        "architecture": architecture, "optimiser": optimiser, "objective": objective, "batch": batch, "warm": warm,
        "rates": rates, "scales": scales, "losses": [short(x) for x in losses],
        "changes": {n: summary(n, x, 12) for n, x in changes.items()},
        "slots": {n: summary(n, x, 4) for n, x in slots.items()},
    })
    print(f"{architecture} {optimiser} {objective} losses {losses} {time.time() - start:.1f} s")
    if "--float32" in sys.argv:
        _, _, single, _ = run(*arguments, dtype=torch.float32)
        errors = {n: ((single[n] - x).norm() / x.norm()).item() for n, x in changes.items() if "conv.bias" not in n}
        print(f"  float32 PyTorch's own changes differ by {sorted(((e, n) for n, e in errors.items()), reverse=True)[:3]}")


adamw = {"kind": "adamw", "weightDecay": 0.01}
momentum = {"kind": "sgd", "momentum": 0.9, "weightDecay": 5e-4}
# Rates at which a step is large beside float32's rounding of the parameters themselves.
case("convnet16x3", adamw, "soft", 8, [1e-3, 5e-4])
case("convnet128x3", adamw, "soft", 8, [0.01, 0.005], warm=100)
case("resnet18w16", adamw, "soft", 8, [0.01, 0.005], warm=100)
case("resnet18", adamw, "soft", 4, [0.01], warm=100)
case("convnet16x3", {"kind": "adam"}, "soft", 8, [0.01, 0.005], warm=3)
case("convnet16x3", {**momentum, "nesterov": True}, "hard", 8, [0.002, 0.001])
case("resnet18w16", {**momentum, "nesterov": False}, "hard", 8, [0.001, 0.0005])
case("convnet16x3", {"kind": "sgd", "momentum": 0.5, "weightDecay": 0, "nesterov": False}, "soft", 8, [1, 0.5, 0.25])
write("train-steps.json", {"cases": cases})
