import { expect, it } from "vitest";
import { parseBytes } from "../../src/support/byte-count.ts";

it.each([
  ["20000", 20_000],
  ["20KB", 20_000],
  [" 0.5MB ", 500_000],
  ["0.57kb", 570],
  ["1.2 GB", 1_200_000_000],
  ["1 byte", 1],
  ["300 bytes", 300],
  ["12B", 12],
  ["", undefined],
  ["0", undefined],
  ["0.0001KB", undefined],
  ["-5KB", undefined],
  ["1e3", undefined],
  ["5 KiB", undefined],
  ["5k", undefined],
  ["KB", undefined],
  ["99999999999999999999", undefined],
])("%j is %s bytes", (text, bytes) => {
  expect(parseBytes(text)).toBe(bytes);
});
