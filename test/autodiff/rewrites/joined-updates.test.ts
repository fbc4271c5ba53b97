import fc from "fast-check";
import { describe, expect, test } from "vitest";
import * as ad from "../../../src/autodiff/index.ts";
import { type Joining, joinUpdates } from "../../../src/autodiff/rewrites/joined-updates.ts";
import { lookaheadUpdate } from "../../../src/nn/lookahead.ts";
import { muon } from "../../../src/nn/muon.ts";
import { adamw, type Optimiser, sgd, updateAll } from "../../../src/nn/optimisers.ts";
import { stream } from "../../../src/support/random.ts";
import { floats, uniform } from "../draw.ts";
import { runGraph } from "../run-graph.ts";

const { float32 } = ad;

const mebi = 2 ** 20;
const joining: Joining = { startBytes: mebi, most: 32 };

const counts = (graph: ad.Graph): Record<string, number> => {
  const found: Record<string, number> = {};
  for (const { op } of ad.topologicalOrder(graph.outputs)) found[op.name] = (found[op.name] ?? 0) + 1;
  return found;
};

/** Sums, products, quotients and roots round alike wherever in a tensor they stand. */
const expectSameBits = async (graph: ad.Graph, joined: ad.Graph): Promise<void> => {
  const feeds = graph.inputs.map(({ shape }, i) => uniform(stream(4, "joined", i), shape, 0.5, 1.5));
  const [before, after] = [await runGraph(graph, feeds), await runGraph(joined, feeds)];
  for (const [i, t] of before.entries()) {
    expect(after[i]!.shape).toEqual(t.shape);
    expect([...floats(after[i]!)], `output ${i}`).toEqual([...floats(t)]);
  }
};

const types: Record<string, ad.TensorType> = {
  a: float32(4, 3),
  b: float32(5),
  c: float32(4, 3),
  d: float32(4, 3),
  e: float32(5),
  f: float32(2, 3),
};

/** An optimiser's step on parameters whose gradients are inputs, but for b's, which is made by an elementwise operation. */
const stepOf = (optimiser: Optimiser, lookahead = false): ad.Graph => {
  const hyper = Object.fromEntries(
    Object.keys({ ...optimiser.hyper(0, 1), slowRate: 0, fastRate: 0 }).map((n) => [n, float32()]),
  );
  const slots = Object.fromEntries(optimiser.slots.map((slot) => [slot, types]));
  return ad.trace({ p: types, g: types, slots, slow: types, hyper }, ({ p, g, slots, slow, hyper }) => {
    const next = updateAll(optimiser, p, { ...g, b: ad.exp(g.b!) }, slots, hyper);
    const seen = lookahead ? lookaheadUpdate(slow, next.parameters, hyper) : { fast: next.parameters };
    return { ...seen, slots: next.slots };
  }).graph;
};

describe("an optimiser's operations are done once for all parameters of a shape", () => {
  test.each([
    ["AdamW", stepOf(adamw()), { sqrt: 3, div: 3, sub: 3, part: 15, concat: 8 }],
    ["SGD with momentum", stepOf(sgd({ weightDecay: 1e-4, nesterov: true })), { sub: 3, part: 10, concat: 6 }],
    ["SGD without weight decay under Lookahead", stepOf(sgd(), true), { part: 15, concat: 8 }],
  ])("%s", async (_, graph, expected) => {
    const simple = ad.simplify(graph);
    const joined = joinUpdates(simple, joining);
    expect(counts(joined)).toMatchObject(expected);
    await expectSameBits(simple, joined);
  });

  test("Muon's filters are moved together, and orthogonalised each by itself", async () => {
    const filters = { one: float32(4, 2, 3, 3), two: float32(4, 2, 3, 3), three: float32(4, 2, 3, 3) };
    const optimiser = muon();
    const hyper = { learningRate: float32(), filterRate: float32() };
    const { graph } = ad.trace({ p: filters, g: filters, v: filters, hyper }, ({ p, g, v, hyper }) =>
      updateAll(optimiser, p, g, { velocity: v }, hyper),
    );
    const simple = ad.simplify(graph);
    const joined = joinUpdates(simple, joining);
    expect([counts(simple).part ?? 0, counts(joined).part]).toEqual([0, 3]);
    expect(counts(joined).matmul).toBe(counts(simple).matmul);
    await expectSameBits(simple, joined);
  });
});

test("numbers that differ from tensor to tensor become one for each of its rows", async () => {
  const { graph } = ad.trace({ a: float32(2, 3), b: float32(2, 3), c: float32(2, 3), rate: float32() }, (all) =>
    [all.a, all.b, all.c].map((x, i) => ad.neg(ad.sqrt(ad.mul(ad.mul(x, i + 2), all.rate)))),
  );
  const joined = joinUpdates(graph, joining);
  const literals = ad.topologicalOrder(joined.outputs).filter(({ op }) => op.name === "literal");
  expect(literals.map(({ shape, attributes }) => [shape, [...(attributes.data as Float32Array)]])).toEqual([
    [
      [6, 1],
      [2, 2, 3, 3, 4, 4],
    ],
  ]);
  await expectSameBits(graph, joined);
});

test("what something else uses as well is made once, and is where joining starts", async () => {
  const { graph } = ad.trace({ a: float32(3), b: float32(3) }, ({ a, b }) => {
    const first = ad.abs(ad.mul(a, 2));
    const sum = ad.reduceSum(first);
    // The second tensor waits for what is inside the first one's update.
    const second = ad.abs(ad.mul(ad.add(b, sum), 2));
    const update = (x: ad.Value): ad.Value => ad.neg(ad.sqrt(ad.add(x, 1)));
    return [update(first), update(second), ad.reduceSum(second)];
  });
  const joined = joinUpdates(graph, { startBytes: 100 * mebi, most: 32 });
  expect(counts(joined)).toMatchObject({ neg: 1, sqrt: 1, abs: 2, mul: 2, part: 2 });
  await expectSameBits(graph, joined);
});

describe("joining is weighed", () => {
  const adamOf = (shape: number[], count: number): ad.Graph => {
    const all = Object.fromEntries(Array.from({ length: count }, (_, i) => [`p${i}`, float32(...shape)]));
    const hyper = { decay: float32(), a: float32(), e: float32() };
    return ad.trace({ p: all, g: all, first: all, second: all, hyper }, ({ p, g, first, second, hyper }) =>
      updateAll(adamw(), p, g, { first, second }, hyper),
    ).graph;
  };
  const parts = (shape: number[], count: number, by: Joining): number =>
    counts(joinUpdates(adamOf(shape, count), by)).part ?? 0;

  test("large tensors are left alone, the larger the fewer there are", () => {
    // 11 operations a tensor against seven moves of 8 bytes an element, and a start for each of them.
    expect(parts([74_000], 2, joining)).toBe(0);
    expect(parts([37_000], 2, joining)).toBe(6);
    expect(parts([180_000], 20, joining)).toBe(60);
    expect(parts([190_000], 20, joining)).toBe(0);
  });

  test("no more tensors are joined at once than the device takes", () => {
    const graph = joinUpdates(adamOf([8], 10), { startBytes: mebi, most: 7 });
    const sizes = ad
      .topologicalOrder(graph.outputs)
      .filter(({ op }) => op.name === "concat")
      .map(({ inputs }) => inputs.length);
    expect([...new Set(sizes)].sort()).toEqual([3, 7]);
  });
});

type Made = (x: ad.Value, y: ad.Value, rate: ad.Value, n: number) => ad.Value;
const makers: readonly Made[] = [
  (x, y) => ad.add(x, y),
  (x, y) => ad.mul(x, y),
  (x, y) => ad.maximum(x, ad.neg(y)),
  (x, _, rate) => ad.mul(x, rate),
  (x, _, __, n) => ad.mul(x, n + 1),
  (x) => ad.sqrt(ad.add(ad.mul(x, x), 1)),
  (x, _, rate) => ad.sub(rate, x),
];

/** A program for each tensor: most are alike, some end otherwise, and some values are seen or used in between. */
const programs = fc.record({
  steps: fc.array(fc.record({ make: fc.nat(makers.length - 1), x: fc.nat(5), y: fc.nat(5) }), {
    minLength: 2,
    maxLength: 8,
  }),
  tensors: fc.array(
    fc.record({
      shape: fc.constantFrom([3], [2, 2]),
      n: fc.nat(2),
      ends: fc.nat(3),
      seen: fc.nat(12),
      used: fc.nat(12),
    }),
    { minLength: 2, maxLength: 6 },
  ),
});

test("whatever is done to several tensors gives the same numbers when it is joined", async () => {
  let joinedSome = 0;
  await fc.assert(
    fc.asyncProperty(programs, async ({ steps, tensors }) => {
      const inputs = tensors.map(({ shape }) => ({ x: float32(...shape), y: float32(...shape) }));
      const { graph } = ad.trace({ inputs, rate: float32() }, ({ inputs, rate }) => {
        let carried = rate;
        return tensors.map(({ n, ends, seen, used }, i) => {
          const values = [inputs[i]!.x, ad.mul(inputs[i]!.y, carried)];
          for (const { make, x, y } of steps)
            values.push(
              makers[make]!(values.at(-1 - (x % values.length))!, values.at(-1 - (y % values.length))!, rate, n),
            );
          if (used < values.length) carried = ad.mean(values[used]!);
          const end = values.at(-1)!;
          return [ends === 0 ? ad.abs(end) : end, ...(seen < values.length ? [values[seen]!] : [])];
        });
      });
      const simple = ad.simplify(graph);
      const joined = joinUpdates(simple, { startBytes: mebi, most: 4 });
      if (joined !== simple) joinedSome++;
      await expectSameBits(simple, joined);
    }),
    { numRuns: 150, seed: 3 },
  );
  expect(joinedSome).toBeGreaterThan(30);
});
