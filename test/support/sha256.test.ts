import { createHash } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { plainSha256 } from "../../src/support/browser/sha256.ts";
import { sha256 } from "../../src/support/key.ts";

const known = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

test("SHA-256 in plain arithmetic is Node's, at every length around whole blocks and within a larger buffer", () => {
  const bytes = Uint8Array.from({ length: 200 }, (_, i) => (i * 151) % 256);
  for (let length = 0; length < 199; length++) {
    const some = bytes.subarray(1, 1 + length);
    expect(plainSha256(some)).toBe(known(some));
  }
  fc.assert(fc.property(fc.uint8Array({ maxLength: 5000 }), (some) => plainSha256(some) === known(some)));
});

test("and of text it is that of its UTF-8", () => {
  const text = "größer als 1 €";
  expect(sha256(text)).toBe(plainSha256(new TextEncoder().encode(text)));
});
