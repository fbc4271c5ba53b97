import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeSafetensors, encodeSafetensors, safetensorsBytes } from "../../src/codecs/safetensors.ts";

/** A file with this header text, exactly, and this many bytes of tensors. */
const fileOf = (header: string, body: number): Uint8Array => {
  const text = new TextEncoder().encode(header);
  const bytes = new Uint8Array(8 + text.length + body);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true);
  bytes.set(text, 8);
  return bytes;
};
const entry = (dtype: string, shape: number[], offsets: number[]): unknown => ({ dtype, shape, data_offsets: offsets });

const a = JSON.stringify(entry("U8", [1], [0, 1]));

describe("safetensors", () => {
  it("gives tensors and metadata back, for every dtype and awkward names", () => {
    const tensors = {
      "layer.0/weight": { dtype: "F32", shape: [2, 2], data: Float32Array.of(1, -2.5, 3e-40, Number.NaN) },
      ü: { dtype: "F16", shape: [3], data: Uint16Array.of(1, 2, 65535) },
      a: { dtype: "U8", shape: [1, 1], data: Uint8Array.of(7) },
      b: { dtype: "I8", shape: [2], data: Int8Array.of(-128, 127) },
      c: { dtype: "U16", shape: [2], data: Uint16Array.of(256, 65535) },
      __proto: { dtype: "I64", shape: [], data: BigInt64Array.of(-5n) },
      empty: { dtype: "F32", shape: [0, 4], data: new Float32Array(0) },
    } as const;
    const metadata = { epoch: "3", note: "ü" };
    const bytes = encodeSafetensors(tensors, metadata);
    expect(safetensorsBytes(tensors, metadata)).toBe(bytes.length);
    const read = decodeSafetensors(bytes, "x");
    expect(read.tensors).toEqual(tensors);
    expect(read.metadata).toEqual(metadata);
  });

  it("round-trips any shapes and values", () => {
    fc.assert(
      fc.property(
        fc.dictionary(
          fc.string({ minLength: 1 }).filter((name) => name !== "__metadata__" && name !== "__proto__"),
          fc.array(fc.float(), { maxLength: 9 }),
        ),
        (values) => {
          const tensors = Object.fromEntries(
            Object.entries(values).map(([name, list]) => [
              name,
              { dtype: "F32" as const, shape: [list.length], data: Float32Array.from(list) },
            ]),
          );
          const bytes = encodeSafetensors(tensors);
          expect(decodeSafetensors(bytes, "x").tensors).toEqual(tensors);
        },
      ),
    );
  });

  it("writes names in order, a header padded to 8 with spaces, and the same bytes whatever the order given", () => {
    const a = { dtype: "U8", shape: [3], data: Uint8Array.of(1, 2, 3) } as const;
    const b = { dtype: "U8", shape: [1], data: Uint8Array.of(4) } as const;
    const bytes = encodeSafetensors({ b, a }, { z: "1", y: "2" });
    expect(bytes).toEqual(encodeSafetensors({ a, b }, { y: "2", z: "1" }));
    const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
    expect(length % 8).toBe(0);
    expect(new TextDecoder().decode(bytes.subarray(8, 8 + length)).trimEnd()).toBe(
      '{"__metadata__":{"y":"2","z":"1"},"a":{"dtype":"U8","shape":[3],"data_offsets":[0,3]},"b":{"dtype":"U8","shape":[1],"data_offsets":[3,4]}}',
    );
    expect(Array.from(bytes.subarray(8 + length))).toEqual([1, 2, 3, 4]);
  });

  it("refuses to write a tensor whose shape and values differ", () => {
    expect(() => encodeSafetensors({ a: { dtype: "U8", shape: [2, 2], data: new Uint8Array(3) } })).toThrow(
      /"a" has shape \[2,2\] but 3 values/,
    );
  });

  it("reads from a view at an odd place in memory, and does not share it", () => {
    const bytes = encodeSafetensors({ a: { dtype: "F32", shape: [2], data: Float32Array.of(1, 2) } });
    const memory = new Uint8Array(bytes.length + 3);
    memory.set(bytes, 3);
    const { tensors } = decodeSafetensors(memory.subarray(3), "x");
    memory.fill(0);
    expect(tensors.a?.data).toEqual(Float32Array.of(1, 2));
  });

  it.each([
    ["too short", new Uint8Array(5), /it has 5 bytes/],
    ["an endless header", fileOf("{}", 0).with(3, 255), /header should have/],
    ["no JSON", fileOf("{nope", 0), /not JSON/],
    ["no text", fileOf("{}", 0).with(8, 255), /not JSON/],
    ["an array", fileOf("[]", 0), /not an object/],
    ["metadata of numbers", fileOf('{"__metadata__":{"a":1}}', 0), /metadata/],
    ["an unknown dtype", fileOf(JSON.stringify({ a: entry("F99", [1], [0, 4]) }), 4), /"a" is declared as/],
    [
      "a dtype of other programs",
      fileOf(JSON.stringify({ a: entry("BF16", [2], [0, 4]) }), 4),
      /"a" is of type BF16, which is not read here \(F32, .*\); convert the file's tensors to F32/,
    ],
    ["a negative side", fileOf(JSON.stringify({ a: entry("U8", [-1], [0, 1]) }), 1), /"a" is declared as/],
    ["a fraction", fileOf(JSON.stringify({ a: entry("U8", [0.5], [0, 1]) }), 1), /"a" is declared as/],
    ["a wrong size", fileOf(JSON.stringify({ a: entry("F32", [2], [0, 4]) }), 4), /lies at bytes 0..4, expected 0..8/],
    ["a gap", fileOf(JSON.stringify({ a: entry("U8", [1], [1, 2]) }), 2), /expected 0..1/],
    [
      "an overlap",
      fileOf(JSON.stringify({ a: entry("U8", [2], [0, 2]), b: entry("U8", [1], [1, 2]) }), 2),
      /"b".*expected 2..3/,
    ],
    [
      "a shape beyond numbers",
      fileOf(JSON.stringify({ a: entry("U8", [1e15, 1e15], [0, 1]) }), 1),
      /expected 0..1e\+30/,
    ],
    ["one name twice", fileOf(`{"a":${a},"a":${a}}`, 1), /its header holds the key "a" twice/],
    ["a header of many levels", fileOf(`{"a":${"[".repeat(200)}${"]".repeat(200)}}`, 0), /nested more than 100 deep/],
    [
      "a pointer",
      Buffer.from("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1"),
      /file: it is a Git-LFS/,
    ],
    ["a page", Buffer.from("<!DOCTYPE html>\n<html><title>404</title></html>"), /file: it is an HTML page.*again$/],
    ["a gzip archive", Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3), /file: it is a gzip archive; unpack it$/],
    [
      "what torch.save writes",
      Buffer.from("PK\x03\x04\0\0\x08\x08\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x11\0\0\0resnet18/data.pkl"),
      /it is a file of torch\.save, which is a pickle; write its state_dict with safetensors\.torch\.save_file$/,
    ],
    [
      "what torch.save wrote long ago",
      Uint8Array.of(0x80, 2, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9),
      /file of torch\.save/,
    ],
    ["a cut end", fileOf(JSON.stringify({ a: entry("U8", [2], [0, 2]) }), 1), /need 2 bytes, it holds 1/],
    ["something behind", fileOf(JSON.stringify({ a: entry("U8", [1], [0, 1]) }), 2), /need 1 bytes, it holds 2/],
  ])("names the file and the damage: %s", (_, bytes, message) => {
    expect(() => decodeSafetensors(bytes, "teacher.safetensors")).toThrow(message);
    expect(() => decodeSafetensors(bytes, "teacher.safetensors")).toThrow(
      expect.objectContaining({ code: "CHECKPOINT", message: expect.stringMatching(/^teacher\.safetensors: /) }),
    );
  });

  it("survives any single changed byte of a header with an answer or a CHECKPOINT error", () => {
    const bytes = encodeSafetensors({ a: { dtype: "F16", shape: [2], data: Uint16Array.of(1, 2) } }, { k: "v" });
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.nat(255), (at, value) => {
        try {
          decodeSafetensors(bytes.with(at, value), "x");
        } catch (error) {
          expect(error).toMatchObject({ code: "CHECKPOINT" });
        }
      }),
      { numRuns: 1000 },
    );
  });
});
