import { describe, expect, expectTypeOf, test } from "vitest";
import * as ad from "../../src/autodiff/index.ts";
import { conv2dOp } from "../../src/autodiff/ops/convolution/convolution.ts";
import { matmulOp } from "../../src/autodiff/ops/matmul.ts";
import { isOf } from "../../src/autodiff/value.ts";

const one = ad.tensor(Float32Array.of(1), []);
const two = ad.tensor(BigInt64Array.of(2n), []);

describe("a tensor's values", () => {
  test("are had as what they are", () => {
    expect(ad.floats(one)).toBe(one.data);
    expect(ad.integers(two)).toBe(two.data);
  });

  test("are refused as anything else", () => {
    expect(() => ad.floats(two)).toThrow("float32");
    expect(() => ad.integers(one)).toThrow("int64");
  });
});

test("sizes are those of a shape of the rank told, and of no other", () => {
  const [n, c] = ad.sizes([3, 5], 2);
  expect([n, c]).toEqual([3, 5]);
  expect(() => ad.sizes([3, 5], 4)).toThrow("expected a shape of rank 4, got [3,5]");
});

describe("a tree", () => {
  test("of tensors gives its tensors with their paths", () => {
    expect(ad.tensorsOf({ a: [one], b: { c: two } })).toEqual([
      { path: "a.0", leaf: one },
      { path: "b.c", leaf: two },
    ]);
  });

  test("with other leaves is refused, by the place of the first", () => {
    expect(() => ad.tensorsOf({ a: one, b: { c: ad.float32(2) } })).toThrow('expected a tensor at "b.c"');
    expect(() => ad.tensorsOf({ a: undefined })).toThrow('got undefined at "a"');
    const given = { x: ad.float32(2) };
    expect(() => ad.trace(given, ({ x }) => ({ x, y: given.x }))).toThrow('expected a traced value at "y"');
  });
});

test("a trace knows the trees of its inputs and results", () => {
  interface State {
    readonly w: Record<string, ad.TensorType>;
  }
  const state: State = { w: { a: ad.float32(2) } };
  const step = ad.trace({ state, feeds: { x: ad.float32(2) } }, ({ state: { w }, feeds: { x } }) => ({
    state: { w: Object.fromEntries(Object.entries(w).map(([name, value]) => [name, ad.mul(value, x)])) },
    fetches: { sum: ad.reduceSum(x) },
  }));
  expectTypeOf(step).toExtend<ad.Step<State, { x: ad.TensorType }, { sum: ad.TensorType }>>();
  expect(step.outputs).toEqual({ state: { w: { a: ad.float32(2) } }, fetches: { sum: ad.float32() } });
});

test("a value of a known operator has that operator's inputs and attributes", () => {
  const [x, w] = [ad.zeros([1, 2, 4, 4]), ad.zeros([3, 2, 3, 3])];
  const z = ad.conv2d(x, w, undefined, { padding: 1 });
  expect(isOf(z, matmulOp)).toBe(false);
  if (!isOf(z, conv2dOp)) throw new Error("a convolution is none");
  const [image, filter, bias] = z.inputs;
  expectTypeOf(bias).toEqualTypeOf<ad.Value | undefined>();
  expect([image, filter, bias]).toEqual([x, w, undefined]);
  expect(z.attributes.padding).toEqual([1, 1]);
});
