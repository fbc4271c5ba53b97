import { expect, test } from "vitest";
import { decodeText } from "../../src/support/text.ts";

const text = "# Größe, 大きさ, 🙂\r\ndata: demo\r\n";

const utf16 = (said: string, order: "le" | "be"): Buffer => {
  const bytes = Buffer.from(said, "utf16le");
  return order === "le" ? bytes : bytes.swap16();
};

test.each([
  ["UTF-8", Buffer.from(text)],
  ["UTF-8 with its mark", Buffer.from(`\ufeff${text}`)],
  ["UTF-16LE with its mark", utf16(`\ufeff${text}`, "le")],
  ["UTF-16BE with its mark", utf16(`\ufeff${text}`, "be")],
])("%s is read without its mark", (_, bytes) => {
  expect(decodeText(bytes)).toBe(text);
});

test("nothing, and a mark alone, are an empty text", () => {
  for (const bytes of [[], [0xef, 0xbb, 0xbf], [0xff, 0xfe]]) expect(decodeText(Uint8Array.from(bytes))).toBe("");
});

test.each([
  [utf16("data: demo\n", "le"), "seems to be UTF-16LE without a byte order mark; save it as UTF-8"],
  [utf16("data: demo\n", "be"), "seems to be UTF-16BE without a byte order mark; save it as UTF-8"],
  [Buffer.from([0xff, 0xfe, 0, 0, 65, 0, 0, 0]), "is UTF-32LE by its byte order mark; save it as UTF-8"],
  [Buffer.from([0, 0, 0xfe, 0xff, 0, 0, 0, 65]), "is UTF-32BE by its byte order mark; save it as UTF-8"],
  [Buffer.from([0xff, 0xfe, 65, 0, 66]), "is UTF-16LE by its byte order mark, but damaged; save it as UTF-8"],
  [Buffer.from([0xfe, 0xff, 0xd8, 0, 0, 65]), "is UTF-16BE by its byte order mark, but damaged; save it as UTF-8"],
  [Buffer.from("data: demo\n\0ipc: 4\n"), "is no text: it has a zero byte at offset 11"],
  [Buffer.from("a: 1\nb: Gr\xf6\xdfe\n", "latin1"), "is not UTF-8 at byte offset 10, line 2; save it as UTF-8"],
  [Buffer.from("ab\u20ac").subarray(0, 4), "is not UTF-8 at byte offset 2, line 1; save it as UTF-8"],
  [Buffer.from([0x61, 0xed, 0xa0, 0x80]), "is not UTF-8 at byte offset 1, line 1; save it as UTF-8"],
  [Buffer.from([0xef, 0xbb, 0xbf, 0x0a, 0xea, 0x61]), "is not UTF-8 at byte offset 4, line 2; save it as UTF-8"],
])("other bytes are refused by what they are: %#", (bytes, reason) => {
  expect(() => decodeText(bytes)).toThrow(new Error(reason));
});
