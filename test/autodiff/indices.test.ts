import { expect, test } from "vitest";
import { gather, gradients, mul, reduceSum } from "../../src/autodiff/index.ts";
import { plus, quotient, remainder, times } from "../../src/autodiff/ops/indices.ts";
import { simplify } from "../../src/autodiff/simplify.ts";
import { trace } from "../../src/autodiff/trace.ts";
import { float32, int64, tensor } from "../../src/autodiff/types.ts";
import { openDevice } from "../../src/runtime/index.ts";
import { floats } from "./draw.ts";
import { runGraph } from "./run-graph.ts";

const rows = [0, 1, 2, 3, 4, 5, 6, 7, 11, 12, 35, 2 ** 40 + 1];
const given = () => tensor(BigInt64Array.from(rows, BigInt), [rows.length]);

test.each([1, 2, 3, 5, 12])(
  "whole numbers divided by %i, what is left of them, and both put together again",
  async (by) => {
    const { graph } = trace({ x: int64(rows.length) }, ({ x }) => {
      const [whole, left] = [quotient(x, by), remainder(x, by)];
      return { whole, left, again: plus(times(whole, by), left) };
    });
    for (const one of [graph, simplify(graph)]) {
      const [whole, left, again] = await runGraph(one, [given()]);
      expect(again).toEqual(given());
      expect(whole).toMatchObject({ dtype: "int64", shape: [rows.length] });
      expect([...whole!.data].map(Number)).toEqual(rows.map((row) => Math.floor(row / by)));
      expect(left).toMatchObject({ dtype: "int64", shape: [rows.length] });
      expect([...left!.data].map(Number)).toEqual(rows.map((row) => row % by));
    }
  },
);

test("rows are gathered by them on a device, and gradients flow to what is gathered alone", async () => {
  const device = await openDevice("cpu", { threads: 1 });
  const compiled = await device.compile(
    trace({ x: float32(3), at: int64(7) }, ({ x, at }) => {
      const [byLeft, byWhole] = [gather(x, remainder(at, 3), 0), gather(x, quotient(at, 3), 0)];
      return { byLeft, byWhole, gradient: gradients(reduceSum(mul(byLeft, byWhole)), x) };
    }),
  );
  const { byLeft, byWhole, gradient } = await compiled.run({
    x: tensor(Float32Array.of(1, 10, 100), [3]),
    at: tensor(BigInt64Array.of(0n, 1n, 2n, 3n, 4n, 5n, 8n), [7]),
  });
  expect([...floats(byLeft)]).toEqual([1, 10, 100, 1, 10, 100, 100]);
  expect([...floats(byWhole)]).toEqual([1, 1, 1, 10, 10, 10, 100]);
  // Of x0 x0 + x0 x1 + x0 x2 + x1 x0 + x1 x1 + x1 x2 + x2 x2.
  expect([...floats(gradient)]).toEqual([2 + 20 + 100, 2 + 20 + 100, 1 + 10 + 200]);
  await device.close();
});

test("only indices can be reckoned with, by whole numbers of at least 1", () => {
  expect(() => trace({ x: float32(2) }, ({ x }) => quotient(x, 2))).toThrow(
    "quotient: expected indices of int64, got float32",
  );
  expect(() => trace({ x: int64(2), y: float32(2) }, ({ x, y }) => plus(x, y))).toThrow(
    "plus: expected indices of int64, got float32",
  );
  for (const by of [0, -1, 1.5]) {
    expect(() => trace({ x: int64(2) }, ({ x }) => remainder(x, by))).toThrow(
      `remainder: expected a whole number of at least 1, got ${by}`,
    );
  }
});
