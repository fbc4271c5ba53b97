import { describe, expect, test } from "vitest";
import * as ad from "../../src/autodiff/index.ts";
import { stream } from "../../src/support/random.ts";
import { absoluteDot, dot, floats, moved, uniform } from "./draw.ts";
import { batchNorm } from "./golden-operators.ts";
import { runGraph } from "./run-graph.ts";

const { float32, tensor } = ad;

/** Values of a traced function of one scalar at some points. */
const atPoints = async (points: readonly number[], fn: (x: ad.Value) => ad.Value): Promise<number[]> => {
  const { graph } = ad.trace({ x: float32(points.length) }, ({ x }) => fn(x));
  const [y] = await runGraph(graph, [tensor(Float32Array.from(points), [points.length])]);
  return [...floats(y!)];
};

/** Derivative of an elementwise function, as a function. */
const derivative =
  (fn: (x: ad.Value) => ad.Value) =>
  (x: ad.Value): ad.Value =>
    ad.gradients(ad.reduceSum(fn(x)), { x }).x;

const expectClose = (actual: readonly number[], expected: readonly number[], relative = 1e-5): void => {
  const scale = Math.max(...expected.map(Math.abs));
  expect(actual.length).toBe(expected.length);
  actual.forEach((a, i) => {
    expect(Math.abs(a - expected[i]!), `element ${i}: ${a} against ${expected[i]}`).toBeLessThan(relative * scale);
  });
};

describe("higher derivatives", () => {
  const points = [-1.5, -0.5, 0.25, 1, 2];

  test("third derivative of x^5 - 2 x^3 is 60 x^2 - 12", async () => {
    const power = (x: ad.Value): ad.Value => {
      const cube = ad.mul(ad.mul(x, x), x);
      return ad.sub(ad.mul(ad.mul(cube, x), x), ad.mul(cube, 2));
    };
    expectClose(
      await atPoints(points, derivative(derivative(derivative(power)))),
      points.map((x) => 60 * x * x - 12),
    );
  });

  test("third derivative of tanh", async () => {
    const third = points.map((x) => {
      const t = Math.tanh(x);
      return -2 * (1 - t * t) * (1 - 3 * t * t);
    });
    expectClose(await atPoints(points, derivative(derivative(derivative(ad.tanh)))), third);
  });

  test("second derivative of x / (1 + exp(-x)) by quotient and by sigmoid agree", async () => {
    const quotient = (x: ad.Value): ad.Value => ad.div(x, ad.add(1, ad.exp(ad.neg(x))));
    const product = (x: ad.Value): ad.Value => ad.mul(x, ad.sigmoid(x));
    expectClose(
      await atPoints(points, derivative(derivative(quotient))),
      await atPoints(points, derivative(derivative(product))),
    );
  });

  test("squares, whose rules count both factors at once, have the right first and second derivative", async () => {
    const x = uniform(stream(1, "squares"), [2, 2, 2, 2]);
    const { graph } = ad.trace({ x: float32(2, 2, 2, 2) }, ({ x: a }) => {
      const loss = ad.reduceSum(ad.mul(ad.channelDot(a, a), ad.channelDot(a, a)));
      const first = ad.gradients(loss, { a }).a;
      return [first, ad.gradients(ad.reduceSum(first), { a }).a];
    });
    const [first, second] = await runGraph(graph, [x]);
    // loss = sum_c s_c^2 with s_c = sum x^2: gradient 4 s_c x, gradient of its sum 4 s_c + 8 x sum x (both within the channel).
    const data = floats(x);
    const channel = (i: number): number[] => Array.from(data).filter((_, k) => (k >> 2) % 2 === (i >> 2) % 2);
    const s = (i: number): number => channel(i).reduce((sum, a) => sum + a * a, 0);
    const total = (i: number): number => channel(i).reduce((sum, a) => sum + a, 0);
    expectClose(
      [...floats(first!)],
      Array.from(data, (a, i) => 4 * s(i) * a),
    );
    expectClose(
      [...floats(second!)],
      Array.from(data, (a, i) => 4 * s(i) + 8 * a * total(i)),
    );
  });
});

describe("trees", () => {
  test("gradients come in the form of the parameters; what the loss does not use gets zeros", async () => {
    const specs = {
      x: float32(2),
      params: {
        dense: [
          { w: float32(2), b: float32(2) },
          { w: float32(2), b: float32(2) },
        ],
        unused: float32(3, 2),
      },
    };
    const traced = ad.trace(specs, ({ x, params }) => {
      const y = params.dense.reduce((h, { w, b }) => ad.add(ad.mul(h, w), b), x);
      return ad.gradients(ad.reduceSum(y), params);
    });
    expect(traced.outputs).toEqual(specs.params);
    const values = [
      [2, 3],
      [5, 7],
      [1, 1],
      [11, 13],
      [0, 0],
    ].map((v) => tensor(Float32Array.from(v), [2]));
    const results = await runGraph(traced.graph, [...values, tensor(new Float32Array(6).fill(9), [3, 2])]);
    // y = (x w0 + b0) w1 + b1
    expect(results.map((t) => [...floats(t)])).toEqual([
      [22, 39],
      [11, 13],
      [11, 22],
      [1, 1],
      [0, 0, 0, 0, 0, 0],
    ]);
    expect(results.map((t) => t.shape)).toEqual([[2], [2], [2], [2], [3, 2]]);
  });

  test("broadcasting is undone: a gradient has the shape of its value", async () => {
    const { graph, outputs } = ad.trace({ a: float32(4, 1, 3), b: float32(5, 1), c: float32() }, ({ a, b, c }) =>
      ad.gradients(ad.reduceSum(ad.mul(ad.add(a, b), c)), { a, b, c }),
    );
    expect(outputs).toEqual({ a: float32(4, 1, 3), b: float32(5, 1), c: float32() });
    const ones = (n: number): Float32Array => new Float32Array(n).fill(1);
    const [a, b, c] = await runGraph(graph, [
      tensor(ones(12), [4, 1, 3]),
      tensor(ones(5), [5, 1]),
      tensor(Float32Array.of(2), []),
    ]);
    expect([...floats(a!)]).toEqual(new Array(12).fill(10));
    expect([...floats(b!)]).toEqual(new Array(5).fill(24));
    expect([...floats(c!)]).toEqual([120]);
  });

  test("a gradient in an intermediate value, and in a value used twice", async () => {
    const { graph } = ad.trace({ x: float32(3) }, ({ x }) => {
      const h = ad.mul(x, x);
      const loss = ad.reduceSum(ad.add(ad.mul(h, h), ad.mul(h, x)));
      return ad.gradients(loss, { h, x });
    });
    const [h, x] = await runGraph(graph, [tensor(Float32Array.of(1, 2, -3), [3])]);
    expect([...floats(h!)]).toEqual([3, 10, 15]); // 2 h + x
    expect([...floats(x!)]).toEqual([7, 44, -81]); // 4 x^3 + 3 x^2
  });
});

/** Mean squared logits of conv - batch norm - tanh - pool - conv - batch norm - tanh - linear. */
const loss = (
  p: { w1: ad.Value; g1: ad.Value; b1: ad.Value; w2: ad.Value; g2: ad.Value; b2: ad.Value; head: ad.Value },
  x: ad.Value,
): ad.Value => {
  const h1 = ad.tanh(batchNorm(ad.conv2d(x, p.w1, undefined, { padding: 1 }), p.g1, p.b1, 1e-3));
  const pooled = ad.avgPool2d(h1, { kernel: 2 });
  const h2 = ad.tanh(batchNorm(ad.conv2d(pooled, p.w2, undefined, { padding: 1, stride: 2 }), p.g2, p.b2, 1e-3));
  const logits = ad.matmul(ad.reshape(h2, [x.shape[0]!, p.head.shape[0]!]), p.head);
  const labels = ad.slice(logits, 1, 0, 1);
  return ad.sub(ad.mean(ad.mul(logits, logits)), ad.mean(ad.mul(ad.logSoftmax(logits), ad.sigmoid(labels))));
};

describe("a network", () => {
  test("Hessian-vector product of two convolutions with training batch norm agrees with finite differences", async () => {
    const shapes = {
      w1: float32(4, 3, 3, 3),
      g1: float32(4),
      b1: float32(4),
      w2: float32(5, 4, 3, 3),
      g2: float32(5),
      b2: float32(5),
      head: float32(20, 3),
    };
    const { graph } = ad.trace({ p: shapes, x: float32(4, 3, 8, 8), v: shapes }, ({ p, x, v }) => {
      const g = ad.gradients(loss(p, x), p);
      const terms = (Object.keys(shapes) as (keyof typeof shapes)[]).map((k) => ad.reduceSum(ad.mul(g[k], v[k])));
      const slope = terms.reduce((a, b) => ad.add(a, b));
      return { g, hv: ad.gradients(slope, p) };
    });
    const random = stream(5, "hessian");
    const types = Object.values(shapes);
    const p = types.map(({ shape }) =>
      uniform(random, shape, shape.length === 1 ? 0.5 : -0.5, shape.length === 1 ? 1.5 : 0.5),
    );
    const v = types.map(({ shape }) => uniform(random, shape));
    const x = uniform(random, [4, 3, 8, 8]);
    const at = async (h: number) => runGraph(graph, [...p.map((t, i) => moved(t, v[i]!, h)), x, ...v]);
    const h = 1 / 256;
    const [here, forward, back, forward2, back2] = [
      await at(0),
      await at(h),
      await at(-h),
      await at(2 * h),
      await at(-2 * h),
    ];
    // The product against a second random direction, so that every entry counts.
    const u = types.map(({ shape }) => floats(uniform(random, shape)));
    const project = (results: readonly ad.Tensor[], from: number): number =>
      u.reduce((s, a, i) => s + dot(a, floats(results[from + i]!)), 0);
    const difference =
      (8 * (project(forward, 0) - project(back, 0)) - (project(forward2, 0) - project(back2, 0))) / (12 * h);
    const scale = u.reduce((s, a, i) => s + absoluteDot(a, floats(here[types.length + i]!)), 0);
    expect(scale).toBeGreaterThan(0.1);
    expect(Math.abs(project(here, types.length) - difference)).toBeLessThan(1e-3 * scale);
  });
});

describe("messages", () => {
  const build = (fn: (make: (...shape: number[]) => ad.Value) => unknown) => (): unknown =>
    fn((...shape) => ad.input("x", float32(...shape)));

  test.each([
    [
      "a loss that is no scalar",
      build((x) => ad.gradients(x(2), { x: x(2) })),
      "gradients: the loss must be a scalar, got [2]",
    ],
    [
      "conv2d channels",
      build((x) => ad.conv2d(x(2, 3, 32, 32), x(16, 4, 3, 3))),
      "conv2d: input has 3 channels but filter expects 4 (input [2,3,32,32], filter [16,4,3,3])",
    ],
    [
      "conv2d channels in groups",
      build((x) => ad.conv2d(x(2, 3, 8, 8), x(16, 2, 3, 3), undefined, { groups: 2 })),
      "conv2d: input has 3 channels but filter expects 4 (input [2,3,8,8], filter [16,2,3,3], groups 2)",
    ],
    [
      "conv2d groups",
      build((x) => ad.conv2d(x(1, 4, 8, 8), x(3, 2, 3, 3), undefined, { groups: 2 })),
      "conv2d: 3 filters do not divide into 2 groups",
    ],
    [
      "conv2d size",
      build((x) => ad.conv2d(x(1, 1, 2, 2), x(1, 1, 3, 3))),
      "conv2d: filter [1,1,3,3] is larger than the padded input [1,1,2,2]",
    ],
    [
      "conv2d bias",
      build((x) => ad.conv2d(x(1, 1, 4, 4), x(2, 1, 3, 3), x(3))),
      "conv2d: bias must be [2], got f32[3]",
    ],
    [
      "broadcast",
      build((x) => ad.add(x(2, 3), x(2))),
      "add: shapes [2,3] and [2] do not broadcast: 3 against 2 at axis 1",
    ],
    ["matmul", build((x) => ad.matmul(x(2, 3), x(4, 5))), "matmul: [2,3] x [4,5]: inner sizes 3 and 4 differ"],
    ["reshape", build((x) => ad.reshape(x(2, 3), [4])), "reshape: [2,3] has 6 elements but [4] holds 4"],
    [
      "transpose",
      build((x) => ad.transpose(x(2, 3), [0, 0])),
      "transpose: [0,0] is no permutation of the axes of [2,3]",
    ],
    ["slice", build((x) => ad.slice(x(2, 3), 1, 1, 5)), "slice: 1:5:1 on axis 1 is outside [2,3]"],
    ["axis", build((x) => ad.softmax(x(2, 3), 2)), "softmax: axis 2 is outside a tensor of rank 2"],
    [
      "gather axis",
      build((x) => ad.gather(x(2, 3), ad.input("i", ad.int64(2)), 2)),
      "gather: axis 2 is outside a tensor of rank 2",
    ],
    ["indices", build((x) => ad.gather(x(2, 3), x(2), 0)), "gather: indices must be a list of int64"],
    ["dtype", build(() => ad.relu(ad.input("i", ad.int64(2)))), "relu: expected float32, got i64[2]"],
    ["concat", build((x) => ad.concat([x(2, 3), x(3, 3)], 1)), "concat: [3,3] does not join [2,3] along axis 1"],
    [
      "pool",
      build((x) => ad.maxPool2d(x(1, 1, 2, 2), { kernel: 3 })),
      "maxPool2d: window [3,3] is larger than the padded input [1,1,2,2]",
    ],
  ])("%s", (_, fn, message) => {
    expect(fn).toThrow(expect.objectContaining({ name: "DistilleryError", code: "SHAPE", message }));
  });

  test("a negative axis counts from the back wherever an axis is given", () => {
    const x = ad.input("x", float32(2, 3, 4));
    const i = ad.input("i", ad.int64(5));
    expect(ad.gather(x, i, -1).shape).toEqual([2, 3, 5]);
    expect(ad.scatterAdd(ad.gather(x, i, 2), i, -1, 7).shape).toEqual([2, 3, 7]);
    expect(ad.reduceSum(x, [-1]).shape).toEqual([2, 3]);
    expect(ad.slice(x, -1, 0, 2).shape).toEqual([2, 3, 2]);
    expect(ad.concat([x, x], -1).shape).toEqual([2, 3, 8]);
  });
});
