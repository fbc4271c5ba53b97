import { expect, test } from "vitest";
import { add, constant, float32, int64, mul, relu, reshape, splat, tensor, trace } from "../../src/autodiff/index.ts";
import { estimateBytes } from "../../src/training/memory.ts";

const n = 1000;
const of = (alive: number, given: number): number => 1.5 * 4 * n * alive + 5 * 4 * n * given;

test("a chain needs two values at a time, however long it is", () => {
  const chain = (length: number) =>
    trace({ x: float32(n) }, ({ x }) => Array.from({ length }).reduce<typeof x>((y) => mul(relu(y), 2), x)).graph;
  expect(estimateBytes(chain(1))).toBe(of(2, 1));
  expect(estimateBytes(chain(9))).toBe(of(2, 1));
});

test("values that are needed later are counted while they wait, as a network's activations are", () => {
  const { graph } = trace({ x: float32(n) }, ({ x }) => {
    const [a, b, c] = [relu(x), mul(x, 2), mul(x, 3)];
    return add(add(a, b), c);
  });
  expect(estimateBytes(graph)).toBe(of(3, 1));
});

test("given are inputs and constants, of eight bytes where they are indices; views and uniform constants cost nothing", () => {
  const { graph } = trace({ x: float32(n), rows: int64(n) }, ({ x }) => {
    const weights = constant(tensor(new Float32Array(n), [n]));
    return reshape(add(mul(x, weights), splat(2, [n])), [10, n / 10]);
  });
  expect(estimateBytes(graph)).toBe(of(2, 4));
});
