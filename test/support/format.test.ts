import { describe, expect, it } from "vitest";
import {
  formatBytes,
  formatCount,
  formatSeconds,
  formatShare,
  formatShort,
  formatSigned,
  formatTenth,
  plural,
  toAscii,
} from "../../src/support/format.ts";

describe("numbers as the report prints them", () => {
  it("bytes in decimal units", () => {
    expect([0, 1, 999, 1000, 186_400, 999_499, 999_500, 44_700_000, 3.2e12].map(formatBytes)).toEqual([
      "0 bytes",
      "1 byte",
      "999 bytes",
      "1.00 KB",
      "186 KB",
      "999 KB",
      "1.00 MB",
      "44.7 MB",
      "3.20 TB",
    ]);
  });

  it("durations", () => {
    expect([0, 0.42, 4.25, 12.3, 59.6, 192, 3599.6, 7500].map(formatSeconds)).toEqual([
      "0.00 s",
      "0.42 s",
      "4.3 s",
      "12 s",
      "1 min 00 s",
      "3 min 12 s",
      "1 h 00 min",
      "2 h 05 min",
    ]);
  });

  it("shares", () => {
    expect([0, 0.00001, 0.0013, 0.017, 0.29, 3.51].map(formatShare)).toEqual([
      "0 %",
      "< 0.01 %",
      "0.13 %",
      "1.7 %",
      "29 %",
      "351 %",
    ]);
  });

  it("tenths and signs, without a minus before zero", () => {
    expect([1.36, -42.84, -0.04, 0.04].map(formatTenth)).toEqual(["1.4", "−42.8", "0.0", "0.0"]);
    expect([1.36, -42.84, -0.04, 0.04].map(formatSigned)).toEqual(["+1.4", "−42.8", "0.0", "0.0"]);
  });

  it("short numbers for axes", () => {
    expect([0, 0.02, 1.5, 25_000, 0.00002, 1600].map(formatShort)).toEqual(["0", "0.02", "1.5", "25k", "2e-5", "1600"]);
  });

  it("counts, nouns, and what is not a number", () => {
    expect(formatCount(50_000)).toBe("50,000");
    expect([plural(1, "image"), plural(2, "class", "classes")]).toEqual(["1 image", "2 classes"]);
    expect([formatBytes, formatSeconds, formatShare, formatTenth, formatSigned].map((f) => f(Number.NaN))).toEqual(
      Array.from({ length: 5 }, () => "unknown"),
    );
  });

  it("puts our marks into ASCII and leaves the user's letters alone", () => {
    expect(toAscii("41.2 ± 0.6 · −3 × é")).toBe("41.2 +/- 0.6 | -3 x é");
  });
});
