import { gzipSync } from "node:zlib";
import { expect, it } from "vitest";
import { archiveKind, mistakenFor } from "../../src/support/mistaken-for.ts";

const tar = Buffer.alloc(512);
tar.write("ustar", 257);

it.each([
  ["version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n", /^a Git-LFS pointer; .*git lfs pull/],
  ["<!DOCTYPE html><html>", /^an HTML page/],
  ["\ufeff\n<!-- saved -->\n<HTML lang=en>", /^an HTML page/],
  [Buffer.from("PK\x03\x04rest"), /^a zip archive; unpack it$/],
  [gzipSync("text"), /^a gzip archive; unpack it$/],
  [tar, /^a tar archive; unpack it$/],
])("what lies in place of a file is named: %j", (content, said) => {
  expect(mistakenFor(Buffer.from(content))).toMatch(said);
});

it("nothing is said of other files, however short", () => {
  for (const text of ["", "P", "hello", "<svg xmlns='x'>", "version 2", "<htmlish>"]) {
    expect(mistakenFor(Buffer.from(text))).toBeUndefined();
    expect(archiveKind(Buffer.from(text))).toBeUndefined();
  }
});
