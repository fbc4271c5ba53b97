import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { decodeSafetensors } from "../../src/codecs/safetensors.ts";
import { verifySet } from "../../src/sets/index.ts";
import { filesIn, writePictures } from "../pipeline/tiny.ts";
import { start, writeRecipe } from "./processes.ts";

describe("resources", () => {
  let folder = "";

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "distillery-resources-"));
    return () => rm(folder, { recursive: true, force: true });
  }, 60_000);

  it("memory does not grow with the number of compensators", async () => {
    await writePictures(join(folder, "pictures"), { classes: 3, side: 32, train: 35, test: 2 });
    await writeRecipe(folder, {
      teachers: ["convnet24x2", "convnet16x2"],
      iterations: 4,
      teacher: { epochs: 1, batch: 16 },
    });
    const peak = async (ipc: number, compensators: number): Promise<number> => {
      const out = `ipc${ipc}`;
      const args = ["distill", "--recipe", "recipe.yaml", "--ipc", String(ipc), "--out", out];
      const { exit, stderr } = await start("watched", folder, args).ended;
      expect({ exit, stderr }).toMatchObject({ exit: 0 });
      expect(await readdir(join(folder, out, "3-distil"))).toHaveLength(compensators);
      return Number(/peak memory (\d+) KiB/.exec(stderr)?.[1]) / 1024;
    };
    const [few, many] = [await peak(2, 2), await peak(34, 40)];
    // A session that is kept for each compensator would take several MiB each.
    expect(many, `${few.toFixed(0)} MiB with 2 compensators`).toBeLessThan(few + 40);
  });

  it.runIf(process.platform === "linux")("a file that cannot be written whole is not written at all", async () => {
    const place = await mkdtemp(join(folder, "limit-"));
    await writePictures(join(place, "pictures"));
    await writeRecipe(place, { labels: ["static"], seeds: 1 });
    const args = ["run", "--recipe", "recipe.yaml", "--out", "out"];
    // No file above 4 KiB: the smallest full disk that needs no administrator. The first teacher is larger.
    const { exit, stderr } = await start("main", place, args, "ulimit -f 4").ended;
    expect({ exit, stderr }).toEqual({
      exit: 8,
      stderr: expect.stringMatching(/^error: cannot write out\/2-teachers\/0-convnet8x1\.safetensors: /) as string,
    });
    expect(await filesIn(join(place, "out"))).toEqual(["1-dataset.json", "recipe.yaml", "seconds.json"]);
    expect(await start("main", place, args).ended).toMatchObject({ exit: 0 });
    expect(await verifySet(join(place, "out/4-set"))).toMatchObject({ ok: true });
    for (const path of await filesIn(join(place, "out")))
      if (path.endsWith(".safetensors")) decodeSafetensors(await readFile(join(place, "out", path)), path);
  });
});
