import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readSet, verifySet } from "../../src/sets/read.ts";
import { writeSet } from "../../src/sets/write.ts";
import { DistilleryError } from "../../src/support/errors.ts";
import { copiedSet } from "./example-set.ts";

let scratch: string;
let folder: string;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "distillery-integrity-"));
  folder = join(scratch, "set");
  await writeSet(folder, copiedSet());
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

const paths = ["manifest.json", "bases/0.png", "bases/1.png", "labels.safetensors", "decode.onnx"];

/** Which of the two readers take the set for whole. */
const trusting = async (): Promise<string[]> => {
  const read = await readSet(folder).then(
    () => ["readSet"],
    (error: unknown) => {
      if (error instanceof DistilleryError && error.code === "SET") return [];
      throw error;
    },
  );
  return [...read, ...((await verifySet(folder)).ok ? ["verifySet"] : [])];
};

describe("verify and readSet", () => {
  it("trust the set as it was written", async () => {
    expect(await trusting()).toEqual(["readSet", "verifySet"]);
  });

  it.each(paths)(
    "see a flipped bit, a cut and an addition: %s",
    async (path) => {
      const file = join(folder, path);
      const bytes = await readFile(file);
      const trusted: string[] = [];
      const attempt = async (name: string, changed: Uint8Array): Promise<void> => {
        await writeFile(file, changed);
        for (const reader of await trusting()) trusted.push(`${reader}: ${name}`);
      };
      // Every fifth place here; `npm run faults` takes every one.
      for (const [at, byte] of bytes.entries()) {
        if (at % 5 !== 0) continue;
        await attempt(`flip ${at}`, bytes.with(at, byte ^ (1 << ((at * 5) % 8))));
        await attempt(`cut to ${at}`, bytes.subarray(0, at));
      }
      for (const tail of [" ", "\n", "\0", "x", "{}", "\0".repeat(4096)]) {
        await attempt(`add ${JSON.stringify(tail)}`, Buffer.concat([bytes, Buffer.from(tail)]));
        await attempt(`prepend ${JSON.stringify(tail)}`, Buffer.concat([Buffer.from(tail), bytes]));
      }
      await writeFile(file, bytes);
      expect(trusted).toEqual([]);
    },
    120_000,
  );

  /** Both say it; the set is whole again afterwards. */
  const see = async (message: RegExp, spoil: () => Promise<void>, mend: () => Promise<void>): Promise<void> => {
    await spoil();
    try {
      await expect(readSet(folder)).rejects.toThrow(message);
      expect((await verifySet(folder)).problems.join("\n")).toMatch(message);
    } finally {
      await mend();
    }
    expect(await trusting()).toEqual(["readSet", "verifySet"]);
  };

  it("see folders that do not belong, empty or not", async () => {
    for (const name of ["empty", "bases/deeper", ".hidden", ".DS_Store"]) {
      const stranger = join(folder, name);
      const make = async () => void (await mkdir(stranger));
      await see(new RegExp(`${name}/ does not belong to the set`), make, () => rm(stranger, { recursive: true }));
    }
  });

  it.each(paths)("take a link to the same bytes, as download caches have, in place of %s", async (path) => {
    const [place, elsewhere] = [join(folder, path), join(scratch, "elsewhere")];
    const bytes = await readFile(place);
    await rename(place, elsewhere);
    await symlink(elsewhere, place);
    expect(await trusting()).toEqual(["readSet", "verifySet"]);
    const mend = (): Promise<void> => rm(place).then(() => writeFile(place, bytes));
    await see(/is missing|has no manifest/, () => rm(elsewhere), mend);
  });

  it("see a link in place of the folder of base images", async () => {
    const [place, elsewhere] = [join(folder, "bases"), join(scratch, "elsewhere")];
    const move = async (): Promise<void> => {
      await rename(place, elsewhere);
      await symlink(elsewhere, place);
    };
    await see(/bases does not belong to the set/, move, () => rm(place).then(() => rename(elsewhere, place)));
  });

  const onPosix = it.skipIf(process.platform === "win32");
  onPosix.each(paths)("do not wait for a pipe or read a device without end: %s", async (path) => {
    const place = join(folder, path);
    const bytes = await readFile(place);
    const whole = () => writeFile(place, bytes);
    await rm(place);
    await see(
      /is a pipe, a socket or a device/,
      async () => void execFileSync("mkfifo", [place]),
      () => rm(place).then(whole),
    );
    await rm(place);
    await see(
      /is a pipe, a socket or a device/,
      () => symlink("/dev/zero", place),
      () => rm(place).then(whole),
    );
    await rm(place);
    await see(
      /is a folder/,
      async () => void (await mkdir(place)),
      () => rm(place, { recursive: true }).then(whole),
    );
  });

  it("tell what lies in place of a part", async () => {
    const place = join(folder, "bases/0.png");
    const bytes = await readFile(place);
    await see(
      /part bases\/0.png has 73 bytes, the manifest says \d+ \(it is a Git-LFS pointer; .*git lfs pull/,
      () => writeFile(place, `version https://git-lfs.github.com/spec/v1\noid sha256:${"0".repeat(9)}\nsize 289\n`),
      () => writeFile(place, bytes),
    );
  });
});

describe("a path that is no set says which it is", () => {
  const messageOf = async (path: string): Promise<string> => {
    const { problems } = await verifySet(path);
    await expect(readSet(path)).rejects.toThrow(problems[0]);
    return problems[0] ?? "";
  };

  it.each([
    ["", /^the path of a set is empty; give the folder that holds it$/],
    ["nowhere", /nowhere: there is no such folder$/],
    ["set/manifest.json", /manifest.json: it is a file; give the folder that holds it$/],
    ["run", /run: it is not a distilled set: it has no manifest.json; \S+run\/4-set is one$/],
    ["comparison", /it has no manifest.json; \S+comparison\/sets\/infer-ipc4 is one$/],
    ["set/bases", /set\/bases: it is not a distilled set: it has no manifest.json$/],
  ])("%s", async (path, message) => {
    await mkdir(join(scratch, "run"), { recursive: true });
    await mkdir(join(scratch, "comparison/sets"), { recursive: true });
    if (!(await readdir(join(scratch, "run"))).length) await writeSet(join(scratch, "run/4-set"), copiedSet());
    await writeSet(join(scratch, "comparison/sets/infer-ipc4"), copiedSet());
    expect(await messageOf(path === "" ? "" : join(scratch, path))).toMatch(message);
  });
});
