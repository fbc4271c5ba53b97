import fc from "fast-check";
import { expect, test } from "vitest";
import { classFolders } from "../../src/export/class-folders.ts";

const alike = (name: string): string => name.normalize("NFC").toLowerCase();

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const forbidden = /[\x00-\x1f\x7f/\\:*?"<>|]|[. ]$|^\./;

test("folders of any classes sort as their labels, differ on every file system and fit on it", () => {
  const name = fc.oneof(
    fc.string({ unit: "binary", minLength: 1, maxLength: 30 }),
    fc.constantFrom("..", "a/b", "cat", "Cat", "é", "e\u0301", "nul", "x. ", "\ud800", "🦊".repeat(100)),
  );
  fc.assert(
    fc.property(fc.array(name, { minLength: 1, maxLength: 40 }), (classes) => {
      const folders = classFolders(classes);
      expect(folders).toEqual(folders.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))));
      expect(new Set(folders.map(alike)).size).toBe(classes.length);
      for (const folder of folders) {
        expect(folder).not.toMatch(forbidden);
        expect(Buffer.byteLength(folder)).toBeLessThanOrEqual(255);
        expect(Buffer.from(folder).toString()).toBe(folder);
      }
    }),
    { numRuns: 40 },
  );
});

test("keeps a name that every file system holds", () => {
  expect(classFolders(["airplane", "a/b", "..", "n01443537"])).toEqual(["0_airplane", "1_a_b", "2_", "3_n01443537"]);
  expect(classFolders(Array.from({ length: 11 }, () => "x"))[3]).toBe("03_x");
});
