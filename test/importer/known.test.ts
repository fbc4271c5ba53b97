import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { knownOf } from "../../src/importer/known.ts";
import { TensorProtoSchema } from "../../src/onnx/onnx_pb.ts";

const proto = (dataType: number, rawData: Uint8Array) =>
  create(TensorProtoSchema, { name: "w", dataType, dims: [2n], rawData });

test("raw numbers are read from any place of a buffer", () => {
  const bytes = new Uint8Array(Float32Array.of(0, 1.5, -2).buffer);
  expect(Array.from(knownOf(proto(1, bytes.subarray(4)), "net.onnx")!.data)).toEqual([1.5, -2]);
});

test.each([
  [1, 7, /^net\.onnx: its tensor w has 7 bytes, which end inside a number, expected 2 numbers for \[2\]; the file is/],
  [7, 15, /has 15 bytes, which end inside a number/],
  [10, 3, /has 3 bytes, which end inside a number/],
  [1, 4, /has 1 number, expected 2 numbers/],
  [1, 12, /has 3 numbers, expected 2 numbers/],
])("a tensor of type %i in %i bytes is refused", (dataType, length, message) => {
  expect(() => knownOf(proto(dataType, new Uint8Array(length)), "net.onnx")).toThrow(
    expect.objectContaining({ code: "CHECKPOINT", message: expect.stringMatching(message) }),
  );
});
