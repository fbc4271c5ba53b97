"""Makes ops.json: what PyTorch says about values and gradients of every operator it shares with us.

    /usr/bin/python3 test/goldens/make-ops.py        (Debian's python3-torch, 1.13)

Inputs are not stored: both sides draw them from the same linear congruential generator as multiples of 1/16, which are
exact in float32 and tie often. PyTorch computes in double precision; results are rounded to float32.
"""

import json
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

state = 0


def draw(shape, low, high, shift=0.0):
    """Multiples of 1/16 in [low, high], plus a shift that keeps two inputs from tying."""
    global state
    steps = round((high - low) * 16) + 1
    values = []
    for _ in range(int(np.prod(shape))):
        state = (state * 1664525 + 1013904223) & 0xFFFFFFFF
        values.append(low + ((state >> 16) % steps) / 16 + shift)
    return torch.tensor(values, dtype=torch.float64).reshape(shape)


def numbers(t):
    """Shortest decimals that give the same float32 again."""
    return [int(v) if v == int(v) else json.loads(str(v)) for v in t.detach().numpy().astype(np.float32).ravel()]


cases = []


def case(op, function, shapes, options=None, low=-1, high=1, shifts=None, indices=None, gradient=True):
    global state
    state = len(cases) + 1
    indices = indices or {}
    inputs = []
    for i, shape in enumerate(shapes):
        if i in indices:
            inputs.append(torch.tensor(indices[i]))
        else:
            inputs.append(draw(shape, low, high, (shifts or {}).get(i, 0.0)).requires_grad_(gradient))
    y = function(*inputs)
    record = {"op": op, "options": options or {}, "shapes": shapes, "low": low, "high": high}
    if shifts:
        record["shifts"] = {str(k): v for k, v in shifts.items()}
    if indices:
        record["indices"] = {str(k): v for k, v in indices.items()}
    record["y"] = {"shape": list(y.shape), "data": numbers(y)}
    if gradient:
        dy = draw(list(y.shape), -1, 1)
        wrt = [x for x in inputs if x.requires_grad]
        record["gradients"] = [numbers(g) for g in torch.autograd.grad(y, wrt, dy)]
    cases.append(record)


# Elementwise. Ties of maximum and minimum go to the first operand here and half to each in PyTorch: the shift avoids them.
pair = [[4, 1, 3], [2, 1]]
case("add", torch.add, pair)
case("sub", torch.sub, pair)
case("mul", torch.mul, pair)
case("mul", lambda a: a * a, [[7]], {"square": True})
case("div", torch.div, pair, low=0.5, high=2)
case("maximum", torch.maximum, pair, shifts={1: 1 / 32})
case("minimum", torch.minimum, pair, shifts={1: 1 / 32})
for name in ["greater", "greater_equal", "eq"]:
    ours = {"greater_equal": "greaterEqual", "eq": "equal"}.get(name, name)
    case(ours, lambda a, b, f=getattr(torch, name): f(a, b).double(), [[40], [40]], gradient=False)
case("neg", torch.neg, [[5]])
case("exp", torch.exp, [[9]], low=-4, high=4)
case("log", torch.log, [[9]], low=0.25, high=4)
case("sqrt", torch.sqrt, [[9]], low=0.25, high=4)
case("reciprocal", torch.reciprocal, [[9]], low=0.25, high=4)
case("abs", torch.abs, [[40]])
case("relu", torch.relu, [[40]])
case("sigmoid", torch.sigmoid, [[9]], low=-4, high=4)
case("tanh", torch.tanh, [[9]], low=-4, high=4)
case("step", lambda x: torch.heaviside(x, torch.zeros((), dtype=x.dtype)), [[40]], gradient=False)
case("clamp", lambda x: x.clamp(-0.5, 0.25), [[60]], {"low": -0.5, "high": 0.25})

# Movement
case("reshape", lambda x: x.reshape(3, 4), [[2, 6]], {"shape": [3, 4]})
case("transpose", lambda x: x.permute(2, 0, 1), [[2, 3, 2]], {"permutation": [2, 0, 1]})
case("broadcastTo", lambda x: x.expand(2, 3, 4), [[3, 1]], {"shape": [2, 3, 4]})
case("slice", lambda x: x[:, 1:7:2], [[2, 7]], {"axis": 1, "start": 1, "end": 7, "step": 2})
case("slice", lambda x: x[0:8:3], [[8, 2]], {"axis": 0, "start": 0, "end": 8, "step": 3})
case("pad", lambda x: F.pad(x, (2, -1, -1, 1)), [[4, 3]], {"low": [-1, 2], "high": [1, -1]})
case("concat", lambda *x: torch.cat(x, 1), [[2, 3], [2, 1], [2, 2]], {"axis": 1})

# Reductions
case("reduceSum", lambda x: x.sum((0, 2, 3), keepdim=True), [[2, 3, 2, 3]], {"axes": [0, 2, 3], "keepDims": True})
case("reduceSum", lambda x: x.sum(), [[2, 3]], {"axes": [0, 1], "keepDims": False})
case("mean", lambda x: x.mean((1, 2)), [[2, 3, 4]], {"axes": [1, 2], "keepDims": False})
case("reduceMax", lambda x: x.amax(1), [[4, 40]], {"axes": [1], "keepDims": False})
case("reduceMax", lambda x: x.amax((0, 2), keepdim=True), [[3, 2, 30]], {"axes": [0, 2], "keepDims": True})

# Rows by number, some of them twice and some never
rows = {1: [4, 0, 0, 2, 4, 4, 1]}
case("gather", lambda x, i: x.index_select(0, i), [[5, 3], [7]], {"axis": 0}, indices=rows)
case("gather", lambda x, i: x.index_select(2, i), [[2, 2, 5], [7]], {"axis": 2}, indices=rows)
case("scatterAdd", lambda x, i: torch.zeros(5, 3, dtype=x.dtype).index_add(0, i, x), [[7, 3], [7]], {"axis": 0, "size": 5}, indices=rows)

# Products
case("matmul", lambda a, b: a @ b, [[3, 4], [4, 2]], {"transposeA": False, "transposeB": False})
case("matmul", lambda a, b: a.T @ b.T, [[4, 3], [2, 4]], {"transposeA": True, "transposeB": True})
case("matmul", lambda a, b: a @ b.transpose(1, 2), [[2, 3, 4], [2, 2, 4]], {"transposeA": False, "transposeB": True})
case("matmul", lambda a, b: a.transpose(2, 3) @ b, [[2, 1, 4, 3], [3, 4, 2]], {"transposeA": True, "transposeB": False})

case("softmax", lambda x: x.softmax(1), [[3, 5]], {"axis": 1}, low=-4, high=4)
case("softmax", lambda x: x.softmax(1), [[2, 4, 3]], {"axis": 1}, low=-4, high=4)
case("logSoftmax", lambda x: x.log_softmax(1), [[3, 5]], {"axis": 1}, low=-40, high=40)
case("logSoftmax", lambda x: x.log_softmax(1), [[2, 4, 3]], {"axis": 1}, low=-4, high=4)

# Channels
case("channelAffine", lambda x, s, t: x * s[:, None, None] + t[:, None, None], [[2, 3, 2, 3], [3], [3]])
case("channelDot", lambda a, b: (a * b).sum((0, 2, 3)), [[2, 3, 2, 3], [2, 3, 2, 3]])
case("channelDot", lambda a: (a * a).sum((0, 2, 3)), [[2, 3, 2, 3]], {"square": True})
case("batchNorm", lambda x, w, b: F.batch_norm(x, None, None, w, b, training=True, eps=1e-5), [[3, 2, 4, 3], [2], [2]], {"epsilon": 1e-5})


# Convolutions: the samples of the operator, and awkward ones beyond them.
def convolution(x, w, bias=False, stride=(1, 1), padding=(0, 0), dilation=(1, 1), groups=1):
    options = {"stride": list(stride), "padding": list(padding), "dilation": list(dilation), "groups": groups}
    case("conv2d", lambda x, w, b=None: F.conv2d(x, w, b, **options), [x, w, [w[0]]] if bias else [x, w], options)


convolution([2, 3, 6, 5], [4, 3, 3, 3], padding=(1, 1))
convolution([2, 4, 8, 8], [6, 4, 3, 3], padding=(1, 1), stride=(2, 2))
convolution([2, 4, 7, 6], [6, 4, 3, 3], padding=(1, 1), stride=(2, 2))
convolution([2, 4, 6, 6], [5, 4, 1, 1], stride=(2, 2))
convolution([1, 4, 7, 7], [6, 2, 3, 3], dilation=(2, 2), padding=(2, 2), groups=2)
convolution([2, 4, 5, 5], [4, 1, 3, 3], padding=(1, 1), groups=4)
convolution([1, 4, 8, 8], [8, 2, 3, 3], padding=(1, 1), stride=(2, 2), groups=2)
convolution([1, 2, 9, 11], [3, 2, 7, 5], padding=(3, 2), stride=(2, 1))
convolution([2, 3, 5, 6], [2, 3, 2, 3], padding=(0, 1))
convolution([1, 2, 10, 10], [3, 2, 2, 2], stride=(3, 3))
convolution([2, 3, 4, 4], [4, 3, 3, 3], bias=True, padding=(1, 1))
convolution([1, 2, 4, 5], [3, 2, 1, 1], padding=(1, 1))  # padding beyond the kernel
convolution([1, 2, 4, 5], [3, 2, 1, 1], padding=(1, 1), stride=(2, 2))
convolution([2, 2, 9, 8], [2, 2, 3, 3], padding=(2, 2), stride=(2, 2), dilation=(2, 2))
convolution([2, 2, 9, 8], [2, 2, 3, 2], padding=(1, 1), stride=(3, 2), dilation=(1, 3))
convolution([1, 2, 7, 9], [2, 2, 1, 3], stride=(1, 4), padding=(0, 2))
convolution([1, 1, 3, 3], [2, 1, 3, 3], padding=(2, 2))
convolution([1, 2, 11, 11], [2, 2, 7, 7], padding=(3, 3), stride=(2, 2), bias=True)  # the stem of ResNet
convolution([1, 2, 2, 2], [2, 2, 3, 3], padding=(1, 1), stride=(2, 2))
# Enough channels that the filter's gradient is computed tap by tap
convolution([1, 18, 5, 4], [2, 18, 3, 3], padding=(1, 1))
convolution([1, 18, 5, 6], [2, 18, 3, 3], padding=(1, 1), stride=(2, 2))
convolution([2, 41, 4, 5], [2, 41, 2, 2], dilation=(2, 1), padding=(1, 0))


def transposed(x, w, output_padding=(0, 0), **settings):
    options = {"stride": [1, 1], "padding": [0, 0], "dilation": [1, 1], "groups": 1, **settings, "outputPadding": list(output_padding)}
    torch_options = {("output_padding" if k == "outputPadding" else k): v for k, v in options.items()}
    case("convTranspose2d", lambda x, w: F.conv_transpose2d(x, w, **torch_options), [x, w], options)


transposed([1, 3, 4, 3], [3, 2, 3, 3])
transposed([2, 3, 4, 3], [3, 2, 3, 3], (1, 1), stride=[2, 2], padding=[1, 1])
transposed([1, 3, 4, 3], [3, 2, 4, 4], stride=[2, 2], padding=[1, 1])
transposed([1, 2, 3, 3], [2, 2, 2, 2], (1, 2), stride=[2, 3])
transposed([1, 4, 3, 3], [4, 1, 3, 3], (1, 0), stride=[2, 2], padding=[1, 1], groups=2)
transposed([1, 2, 4, 4], [2, 1, 3, 3], dilation=[2, 2], padding=[2, 1])

# Pooling, with plenty of ties
for name, torch_pool in [("avgPool2d", F.avg_pool2d), ("maxPool2d", F.max_pool2d)]:
    for x, kernel, stride, padding in [
        ([2, 3, 6, 4], [2, 2], [2, 2], [0, 0]),
        ([1, 2, 7, 5], [2, 2], [2, 2], [0, 0]),
        ([1, 2, 7, 8], [3, 3], [2, 2], [1, 1]),
        ([1, 2, 6, 6], [3, 2], [1, 2], [1, 0]),
        ([1, 1, 7, 7], [2, 2], [3, 3], [0, 0]),
    ]:
        options = {"kernel": kernel, "stride": stride, "padding": padding}
        case(name, lambda x, f=torch_pool, k=kernel, s=stride, p=padding: f(x, k, s, p), [x], options)
# Zeros that tie with the zeros of the padding
edge = {"kernel": [3, 3], "stride": [2, 2], "padding": [1, 1]}
case("maxPool2d", lambda x: F.max_pool2d(x, 3, 2, 1), [[1, 2, 7, 6]], edge, low=-0.25, high=0)
case(
    "reluMaxPool",
    lambda x: F.max_pool2d(x.relu(), 3, 2, 1),
    [[2, 2, 8, 8]],
    {"kernel": [3, 3], "stride": [2, 2], "padding": [1, 1]},
    low=-1,
    high=0.25,
)
case("globalAvgPool", lambda x: F.adaptive_avg_pool2d(x, 1).flatten(1), [[2, 3, 3, 2]])
case("upsample2d", lambda x: F.interpolate(x, scale_factor=(2, 3), mode="nearest"), [[2, 2, 2, 3]], {"factor": [2, 3]})

case("relu6", F.relu6, [[80]], low=-8, high=8)
case("within6", lambda x: ((x > 0) & (x < 6)).double(), [[80]], low=-8, high=8, gradient=False)
case("sin", torch.sin, [[40]], low=-20, high=20)
case("cos", torch.cos, [[40]], low=-20, high=20)
case("erf", torch.erf, [[40]], low=-4, high=4)
case("part", lambda x: x.chunk(3, 0)[1], [[6, 2]], {"axis": 0, "index": 1, "parts": 3})
case("part", lambda x: x.chunk(2, 1)[1], [[2, 4, 3]], {"axis": 1, "index": 1, "parts": 2})

lines = ",\n".join("  " + json.dumps(c, separators=(",", ":")) for c in cases)
path = Path(__file__).with_name("ops.json")
path.write_text('{"torch":"%s","cases":[\n%s\n]}\n' % (torch.__version__.split("+")[0], lines))
print(f"{path.name}: {len(cases)} cases, {path.stat().st_size} bytes")
