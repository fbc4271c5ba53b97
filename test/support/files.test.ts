import { execFileSync } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  diskError,
  exists,
  readRegularFile,
  sha256,
  sha256File,
  writeAtomic,
  writeJson,
} from "../../src/support/files.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "distillery-files-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe("files", () => {
  it("writes text, part of a buffer, and JSON, making folders, leaving nothing else", async () => {
    const made = join(folder, "a/b");
    await writeAtomic(join(made, "bytes"), Uint8Array.of(0, 1, 2, 3).subarray(1, 3));
    await writeJson(join(made, "value.json"), { x: [1] });
    expect([...(await readFile(join(made, "bytes")))]).toEqual([1, 2]);
    expect(await readFile(join(made, "value.json"), "utf8")).toBe('{\n  "x": [\n    1\n  ]\n}\n');
    expect((await readdir(made)).sort()).toEqual(["bytes", "value.json"]);
  });

  it("hashes memory and files alike", async () => {
    const path = join(folder, "abc");
    await writeFile(path, "abc");
    expect(sha256("abc")).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    expect(await sha256File(path)).toBe(sha256("abc"));
  });

  it("reads regular files only, up to a size", async () => {
    const [file, pipe] = [join(folder, "regular"), join(folder, "pipe")];
    await writeFile(file, "abc");
    execFileSync("mkfifo", [pipe]);
    expect(String(await readRegularFile(file, 3))).toBe("abc");
    await expect(readRegularFile(file, 2)).rejects.toThrow("has 3 bytes, more than the 2 that it may have");
    await expect(readRegularFile(folder)).rejects.toThrow("is a folder, not a file");
    await expect(readRegularFile(pipe)).rejects.toThrow("is a pipe, a socket or a device, not a regular file");
    await expect(readRegularFile("/dev/null")).rejects.toThrow("is a pipe, a socket or a device");
    await expect(readRegularFile(join(folder, "none"))).rejects.toThrow("ENOENT");
    expect([await exists(pipe), await exists(join(folder, "none"))]).toEqual([true, false]);
  });

  it("says why a file cannot be written", async () => {
    await writeFile(join(folder, "file"), "");
    await expect(writeAtomic(join(folder, "file/below"), "")).rejects.toThrow(
      expect.objectContaining({ code: "DISK", message: expect.stringMatching(/^cannot write .*below: /) }),
    );
    const full = Object.assign(new Error("ENOSPC: no space left"), { code: "ENOSPC" });
    expect(diskError("x", full).message).toMatch(/^cannot write x: the disk is full; free some space/);
  });
});
