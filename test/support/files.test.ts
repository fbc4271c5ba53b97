import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from "vitest";
import {
  diskError,
  exists,
  makeFolder,
  readRegularFile,
  sha256,
  temporaryFolder,
  writeAtomic,
  writeJson,
} from "../../src/support/files.ts";
import { isLitter } from "../../src/support/litter.ts";
import { isTemporary, temporaryFor } from "../../src/support/temporary.ts";

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

  it("hashes text", () => {
    expect(sha256("abc")).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
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

  it("makes temporary folders in the system's folder or another, and says what to do where it cannot", async () => {
    expect(await temporaryFolder("distillery-x-", folder)).toMatch(new RegExp(`^${folder}/distillery-x-\\w{6}$`));
    const none = join(folder, "none");
    await expect(temporaryFolder("x-", none, "--scratch")).rejects.toMatchObject({
      code: "DISK",
      message: `cannot write ${none}: there is no such folder; make it, or choose another --scratch`,
    });
    await writeFile(join(folder, "plain"), "");
    vi.stubEnv("TMPDIR", join(folder, "plain"));
    onTestFinished(() => void vi.unstubAllEnvs());
    await expect(temporaryFolder("x-")).rejects.toMatchObject({
      code: "DISK",
      message: `cannot write ${folder}/plain: a part of the path is a file, not a folder; choose another TMPDIR`,
    });
  });

  it("says why a file cannot be written", async () => {
    await writeFile(join(folder, "file"), "");
    await expect(writeAtomic(join(folder, "file/below"), "")).rejects.toThrow(
      expect.objectContaining({
        code: "DISK",
        message: expect.stringMatching(/^cannot make the folder .*file: it is a file, not a folder; choose/),
      }),
    );
    await mkdir(join(folder, "taken"));
    await expect(writeAtomic(join(folder, "taken"), "")).rejects.toThrow(/taken: a folder of that name is there; move/);
    expect((await readdir(folder)).filter((name) => name.startsWith("."))).toEqual([]);
    const full = Object.assign(new Error("ENOSPC: no space left"), { code: "ENOSPC" });
    const readOnly = Object.assign(new Error("EROFS"), { code: "EROFS" });
    expect(diskError("x", readOnly).message).toBe("cannot write x: the file system is read-only; choose another --out");
    expect(diskError("x", full).message).toMatch(/^cannot write x: the disk is full; free some space/);
  });

  it("makes folders level by level, several at once, and leaves those that are there", async () => {
    const deep = join(folder, "one/two/three");
    await Promise.all([makeFolder(deep), makeFolder(join(folder, "one/two/four")), makeFolder(`${deep}/`)]);
    await makeFolder(deep);
    await symlink("one", join(folder, "link"));
    await makeFolder(join(folder, "link/two/five"));
    expect((await readdir(join(folder, "one/two"))).sort()).toEqual(["five", "four", "three"]);
    expect((await stat(deep)).isDirectory()).toBe(true);
  });

  it("says why a folder cannot be made", async () => {
    await symlink("nowhere", join(folder, "dangling"));
    await symlink("round", join(folder, "round"));
    for (const [path, why] of [
      ["dangling", /dangling: it is a link that leads nowhere/],
      ["dangling/below", /dangling: it is a link that leads nowhere/],
      ["round/below", /round.*links lead round in a circle/],
      ["n".repeat(300), /name is too long/],
    ] as const) {
      await expect(makeFolder(join(folder, path))).rejects.toThrow(
        expect.objectContaining({ code: "DISK", message: expect.stringMatching(why) }),
      );
    }
  });

  it.runIf(process.platform === "linux")(
    "ends where a file system says ENOENT whatever is asked",
    async () => {
      await expect(makeFolder("/proc/x/y")).rejects.toThrow(/folder \/proc\/x: the file system allows none there/);
    },
    2_000,
  );

  it.runIf(process.getuid?.() === 0 && process.platform === "linux")("tells of a read-only disk", async (test) => {
    const disk = join(folder, "disk");
    await mkdir(disk);
    try {
      execFileSync("mount", ["-t", "tmpfs", "-o", "ro", "tmpfs", disk], { stdio: "ignore" });
    } catch {
      test.skip("mounting is not allowed here");
    }
    try {
      await expect(writeAtomic(join(disk, "a/b/c"), "")).rejects.toThrow(
        /^cannot write .*a: the file system is read-only/,
      );
    } finally {
      execFileSync("umount", [disk]);
    }
  });

  it("writes under hidden names that are known again, and no others", () => {
    const name = basename(temporaryFor(join(folder, "seconds.json")));
    expect(name).toMatch(/^\.seconds\.json\.distillery-.+-\d+-[0-9a-f]{12}\.tmp$/);
    expect(isTemporary(name)).toBe(true);
    expect(Buffer.byteLength(temporaryFor("é".repeat(120)))).toBeLessThan(255);
    const others = [
      name.slice(1),
      `${name}.1`,
      ".x.tmp",
      "backup.json.1",
      "notes.md.20240101",
      ".x.distillery-a-b-c.tmp",
    ];
    expect(others.filter(isTemporary)).toEqual([]);
  });

  it("knows what systems leave in folders", () => {
    const litter = [
      ".DS_Store",
      "Thumbs.db",
      "thumbs.db",
      "Desktop.ini",
      ".directory",
      "Icon\r",
      ".localized",
      "._a.png",
    ];
    expect(litter.filter((name) => !isLitter(name))).toEqual([]);
    expect(["notes.txt", ".git", "Icon", "ds_store", ".env"].filter(isLitter)).toEqual([]);
  });
});
