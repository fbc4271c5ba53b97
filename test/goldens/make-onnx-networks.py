"""Makes onnx/*.onnx: tiny networks as PyTorch exports them, and onnx/cases.json with outputs and gradients.

    python test/goldens/make-onnx-networks.py        (PyTorch 2.15, onnx 1.19 and onnxscript 0.5, or later)

Each network is written by the older exporter (TorchScript), which folds batch norms into convolutions in eval mode, by the
same one asked to keep them, and by the newer one (dynamo).
"""

import json
import pathlib
import warnings

import onnx
import torch
import torch.nn.functional as F
from torch import nn

warnings.filterwarnings("ignore")
torch.set_num_threads(1)
folder = pathlib.Path(__file__).parent / "onnx"
folder.mkdir(exist_ok=True)


class Block(nn.Module):
    def __init__(self, i, o, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(i, o, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(o)
        self.conv2 = nn.Conv2d(o, o, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(o)
        self.down = nn.Sequential(nn.Conv2d(i, o, 1, stride, bias=False), nn.BatchNorm2d(o))

    def forward(self, x):
        return F.relu(self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x))))) + self.down(x))


class ResNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d(4, eps=1e-3), nn.ReLU(), nn.MaxPool2d(3, 2, 1))
        self.layer1 = Block(4, 4, 1)
        self.layer2 = Block(4, 6, 2)
        self.fc = nn.Linear(6, 5)

    def forward(self, x):
        x = self.layer2(self.layer1(self.stem(x)))
        return self.fc(torch.flatten(F.adaptive_avg_pool2d(x, 1), 1))


class MobileNet(nn.Module):
    """Depthwise convolutions, ReLU6, hard swish and squeeze-excitation."""

    def __init__(self):
        super().__init__()
        self.a = nn.Sequential(nn.Conv2d(3, 6, 3, 2, 1, bias=False), nn.BatchNorm2d(6), nn.ReLU6())
        self.b = nn.Sequential(nn.Conv2d(6, 6, 5, 1, 2, groups=6, bias=False), nn.BatchNorm2d(6), nn.Hardswish())
        self.squeeze = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(6, 2, 1), nn.ReLU(), nn.Conv2d(2, 6, 1), nn.Hardsigmoid())
        self.c = nn.Sequential(nn.Conv2d(6, 4, 1, bias=False), nn.BatchNorm2d(4), nn.SiLU())
        self.fc = nn.Sequential(nn.Dropout(0.2), nn.Linear(4, 5))

    def forward(self, x):
        x = self.b(self.a(x))
        x = self.c(x * self.squeeze(x))
        return self.fc(x.mean((2, 3)))


class Transformer(nn.Module):
    """A small vision transformer: tokens, layer norm, attention by its parts, GELU, and shapes computed on the way."""

    def __init__(self, d=8, heads=2):
        super().__init__()
        self.heads = heads
        self.patch = nn.Conv2d(3, d, 4, 4)
        self.token = nn.Parameter(torch.randn(1, 1, d))
        self.position = nn.Parameter(torch.randn(1, 5, d))
        self.n1, self.n2 = nn.LayerNorm(d), nn.LayerNorm(d)
        self.qkv, self.out = nn.Linear(d, 3 * d), nn.Linear(d, d)
        self.mlp = nn.Sequential(nn.Linear(d, 2 * d), nn.GELU(), nn.Linear(2 * d, d), nn.GELU(approximate="tanh"))
        self.head = nn.Linear(d, 5)

    def forward(self, x):
        x = self.patch(x).flatten(2).transpose(1, 2)
        n, t, d = x.shape
        x = torch.cat([self.token.expand(n, -1, -1), x], 1) + self.position
        q, k, v = self.qkv(self.n1(x)).reshape(n, t + 1, 3, self.heads, d // self.heads).permute(2, 0, 3, 1, 4).unbind(0)
        a = torch.softmax(q @ k.transpose(-2, -1) / (d // self.heads) ** 0.5, -1) @ v
        x = x + self.out(a.transpose(1, 2).reshape(n, t + 1, d))
        x = x + self.mlp(self.n2(x))
        return self.head(x[:, 0])


class Mixture(nn.Module):
    """Every other operator that has a record."""

    def __init__(self):
        super().__init__()
        self.a = nn.Conv2d(3, 8, 3, padding=2, dilation=2)
        self.group = nn.GroupNorm(2, 8)
        self.instance = nn.InstanceNorm2d(8, affine=True)
        self.prelu = nn.PReLU(4)
        self.up = nn.ConvTranspose2d(4, 4, 3, 2, 1, output_padding=1)
        self.b = nn.Conv2d(8, 4, (1, 3), padding=(0, 1), groups=2)
        self.fc = nn.Linear(4 * 2 * 2, 5)

    def forward(self, x):
        x = self.instance(self.group(self.a(x)))
        u, v = x.chunk(2, 1)
        u = F.leaky_relu(u, 0.1) + F.elu(u) * F.softplus(v)
        v = self.prelu(v) - torch.tanh(v).pow(2) / (1.5 + torch.sigmoid(v)) + torch.sqrt(v.abs() + 1).pow(3)
        x = torch.cat([F.pad(u, (1, 0, 0, 1))[:, :, 1:, :-1], torch.clamp(v, -0.4, 0.7)], 1)
        x = self.b(x)
        y = F.interpolate(F.max_pool2d(x, 2), scale_factor=2) + F.selu(F.softsign(x)) + F.mish(torch.exp(-x))
        z = F.avg_pool2d(self.up(F.max_pool2d(y, 2)), 3, 1, 1, count_include_pad=False)
        x = F.avg_pool2d(F.max_pool2d(y + z, 3, 2, ceil_mode=True), 3, 2, 1)
        x = F.logsigmoid(x) - x.amax((2, 3), keepdim=True) + x.pow(2).sum(1, keepdim=True).log()
        return self.fc(x.reshape(x.size(0), -1)) + torch.max(x[:, 0, 0, :1], -x[:, 1, 0, 1:])


def slimmed(path):
    """Takes what people would read out of a file: it names places of the machine and weighs more than the network."""
    model = onnx.load(path)
    for thing in [model.graph, *model.graph.node, *model.graph.initializer, *model.graph.value_info]:
        thing.ClearField("metadata_props")
        thing.ClearField("doc_string")
    model.ClearField("metadata_props")
    del model.graph.value_info[:]
    onnx.save(model, path)


def export(net, name, images, way):
    path = folder / f"{name}-{way}.onnx"
    if way.startswith("dynamo"):
        dims = {"images": {0: torch.export.Dim("batch")}}
        torch.onnx.export(
            net, (images,), path, dynamo=True, dynamic_shapes=[dims["images"]], external_data=False, verbose=False,
            optimize=not way.endswith("kept"),
        )
    else:
        kept = way.endswith("kept")
        torch.onnx.export(
            net, (images,), path, dynamo=False, input_names=["images"], output_names=["logits"],
            opset_version=9 if way.startswith("opset9") else 17,
            do_constant_folding=not kept,
            training=torch.onnx.TrainingMode.PRESERVE if kept else torch.onnx.TrainingMode.EVAL,
            dynamic_axes=None if way.startswith("fixed") else {"images": {0: "batch"}},
        )
    slimmed(path)


cases = []
for make, ways in [
    (ResNet, ["folded", "kept", "dynamo", "dynamo-kept", "opset9-kept"]),
    (MobileNet, ["folded", "kept", "dynamo"]),
    (Transformer, ["folded", "dynamo"]),
    (Mixture, ["fixed", "folded", "dynamo"]),
]:
    name = make.__name__.lower()
    torch.manual_seed(16)
    net = make()
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            for values in (module.weight, module.running_var):
                values.data = torch.rand_like(values) + 0.5
            for values in (module.bias, module.running_mean):
                values.data = torch.randn_like(values) / 4
    net.eval()
    images = torch.randn(3, 3, 8, 8).round(decimals=3).requires_grad_()
    logits = net(images)
    (logits * torch.arange(1.0, 6)).sum().backward()
    first = next(p for p in net.parameters() if p.dim() == 4)
    cases.append({
        "network": name,
        "ways": ways,
        "norms": [int(m.num_features) for m in net.modules() if isinstance(m, nn.BatchNorm2d)],
        "images": [round(v, 3) for v in images.flatten().tolist()],
        "logits": [float(f"{v:.7g}") for v in logits.flatten().tolist()],
        "imageGradient": [float(f"{v:.5g}") for v in images.grad.flatten().tolist()],
        "filterGradient": [float(f"{v:.5g}") for v in first.grad.flatten().tolist()],
    })
    for way in ways:
        export(net, name, torch.randn(1, 3, 8, 8) if way.startswith("fixed") else torch.randn(2, 3, 8, 8), way)
    if name == "mobilenet":
        beside = folder / "beside.onnx"
        onnx.save(onnx.load(folder / "mobilenet-folded.onnx"), beside, save_as_external_data=True, location="beside.onnx.data", size_threshold=64)
# One that only runs as it is: its token is for one image.
torch.manual_seed(16)
export(Transformer().eval(), "transformer", torch.randn(1, 3, 8, 8), "fixed")
(folder / "cases.json").write_text(json.dumps(cases, indent=None) + "\n")
