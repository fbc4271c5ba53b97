import { expect, test } from "vitest";
import { npyHeader, npyTexts } from "../../src/codecs/npy.ts";

// numpy.save(file, numpy.zeros((2, 3), "f4")), and of ["cat", "🦊"].
test("headers are numpy's own", () => {
  const text = (shape: string, type: string): string =>
    `${`{'descr': '${type}', 'fortran_order': False, 'shape': ${shape}, }`.padEnd(117)}\n`;
  const bytes = (header: Uint8Array): string => Buffer.from(header).toString("latin1");
  expect(bytes(npyHeader("<f4", [2, 3]))).toBe(`\x93NUMPY\x01\x00\x76\x00${text("(2, 3)", "<f4")}`);
  expect(bytes(npyHeader("<i8", [7]))).toBe(`\x93NUMPY\x01\x00\x76\x00${text("(7,)", "<i8")}`);
  const { type, bytes: values } = npyTexts(["cat", "🦊"]);
  expect(type).toBe("<U3");
  expect([...new Uint32Array(values.buffer)]).toEqual([99, 97, 116, 0x1f98a, 0, 0]);
});
