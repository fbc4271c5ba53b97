import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { budgetFor } from "../../src/distill/method.ts";
import { methods } from "../../src/distill/registry.ts";
import type { Comparison } from "../../src/evaluation/comparison.ts";
import { commands } from "../../src/pipeline/pipeline.ts";
import { type Device, openDevice } from "../../src/runtime/index.ts";
import { openImages, readSet, verifySet } from "../../src/sets/index.ts";
import { filesIn, quietly, temporaryFolder, tinyRecipe, writePictures } from "./tiny.ts";

/** Options of work that is done in no time; of compensators of a class, all that ipc 2 has room for besides a base set. */
const small = {
  architecture: "convnet8x2",
  networks: 1,
  epochs: 1,
  moments: 1,
  views: 1,
  real: 4,
  experts: 1,
  starts: 1,
  ahead: 1,
  steps: 2,
  perClass: 1,
};

const entries = methods.map((method) => {
  const own = Object.entries(small).filter(
    ([option, value]) =>
      method.options.shape[option] && method.options.partial().safeParse({ [option]: value }).success,
  );
  return [method.name, "storage=formation2", ...own.map(([option, value]) => `${option}=${value}`)].join(" ");
});

const fields = {
  ipc: 2,
  iterations: 2,
  labels: ["hard"],
  seeds: 1,
  student: { epochs: 1 },
  full: { epochs: 0 },
  teacher: { epochs: 1 },
};

/** One comparison of all methods, looked at by all tests of this group. */
describe("every method with images stored smaller", () => {
  let out = "";
  let comparison: Comparison;
  let device: Device;

  beforeAll(async () => {
    const folder = await mkdtemp(join(tmpdir(), "distillery-storage-"));
    out = join(folder, "out");
    const pictures = await writePictures(join(folder, "pictures"), { train: 20 });
    const recipe = tinyRecipe(pictures, { ...fields, compare: { methods: entries } });
    comparison = (await commands.compare(recipe, quietly(out))).report as Comparison;
    device = await openDevice("cpu", { threads: 1 });
    return async () => {
      await device.close();
      await rm(folder, { recursive: true, force: true });
    };
  }, 60_000);

  it.each(methods.map((method) => [method.name, method] as const))("makes a whole set: %s", async (name, method) => {
    const at = methods.indexOf(method);
    const { folder, bytes } = comparison.sets[at]!;
    expect(await verifySet(join(out, folder))).toMatchObject({ ok: true, problems: [] });
    const set = await readSet(join(out, folder));
    const { manifest } = set;
    expect(manifest).toMatchObject({
      method: name,
      image: { height: 8, width: 8 },
      storage: { kind: "formation2", height: 4, width: 4 },
      recipe: { method: { name, storage: "formation2" } },
    });
    // K = floor((ipc - U) C f^2 / (C + V f^2)).
    const options = { name, storage: "formation2", ...(entries[at]!.includes("perClass") && { perClass: 1 }) };
    const { perBase: V = 0, perClass: U = 0 } = method.compensators?.(2, options) ?? {};
    const K = Math.floor(((2 - U) * 4 * 4) / (4 + V * 4));
    expect(manifest.budget).toEqual(budgetFor(method, options, 2, 4, 2));
    expect([manifest.budget.bases, manifest.budget.trainingImages]).toEqual([K, (1 + V + U) * K * 4]);
    expect(set.bases).toHaveLength(K * 4 * 3 * 4 * 4);
    const { length, classes, read, release } = await openImages(set, device);
    const rows = Array.from({ length }, (_, row) => row);
    const images = await read(rows);
    await release();
    expect(images).toHaveLength((1 + V + U) * K * 4 * 192);
    expect(images.every(Number.isFinite)).toBe(true);
    expect([...classes]).toEqual(rows.map((row) => row % 4));
    // No two bases are alike.
    const bases = Array.from({ length: 4 * K }, (_, i) => set.bases.subarray(48 * i, 48 * i + 48).join());
    expect(new Set(bases).size).toBe(4 * K);
    const row = comparison.rows.find((one) => one.method === name)!;
    expect([row.images, row.bytes]).toEqual([length, bytes.total]);
  });
});

it("a set with more compensators than its storage holds is refused before anything is computed", async () => {
  const folder = await temporaryFolder();
  const pictures = await writePictures(join(folder, "pictures"));
  for (const [options, needs] of [
    [{ name: "infer-intra", perClass: 9 }, "9 compensators a class: one base set and its compensators need 40 images"],
    [
      { name: "infer-match", sharing: "class", perClass: 2 },
      "2 compensators a class: one base set and its compensators need 12",
    ],
    [{ name: "infer-match", sharing: "both", perClass: 1 }, "4 compensators a base set and 1 compensator a class: one"],
    [{ name: "infer-match", compensators: 5 }, "5 compensators a base set: one"],
  ] as const) {
    const recipe = tinyRecipe(pictures, { ...fields, method: { ...options, storage: "images" } });
    const out = join(folder, "out");
    await expect(commands.run(recipe, quietly(out))).rejects.toMatchObject({
      code: "BUDGET",
      message: expect.stringMatching(
        new RegExp(`^ipc 2 is too small for 4 classes and ${needs}[^\\n]*; use --ipc \\d+ or more$`),
      ),
    });
    await expect(filesIn(out)).rejects.toThrow("ENOENT");
  }
});

describe("real images stored smaller", () => {
  it("are made, evaluated and no larger on disk than images as they are", async () => {
    const folder = await temporaryFolder();
    const pictures = await writePictures(join(folder, "pictures"), { side: 32, train: 12, test: 2 });
    const methods = ["random", "random storage=formation2"];
    const recipe = tinyRecipe(pictures, { ...fields, compare: { methods } });
    const out = join(folder, "out");
    const { sets, rows } = (await commands.compare(recipe, quietly(out))).report as Comparison;
    const [plain, stored] = sets;
    expect(rows.map(({ images }) => images)).toEqual([8, 32]);
    expect(stored!.bytes.bases).toBeLessThanOrEqual(plain!.bytes.bases);
    const { report } = await commands.evaluate(
      recipe,
      quietly(join(folder, "evaluated"), { set: join(out, stored!.folder) }),
    );
    expect(report.rows.find(({ method }) => method !== "full")!.images).toBe(32);
  });

  it("are refused before anything is computed where their sides do not divide", async () => {
    const folder = await temporaryFolder();
    const pictures = await writePictures(join(folder, "pictures"), { side: 7 });
    for (const method of ["random", "infer", "match"]) {
      const recipe = tinyRecipe(pictures, { ...fields, method: { name: method, storage: "formation2" } });
      await expect(commands.run(recipe, quietly(join(folder, "out")))).rejects.toMatchObject({
        code: "RECIPE",
        message: expect.stringMatching(/^[^\n]*images of 7x7 do not divide into 2 x 2; use sides [^\n]*$/),
      });
    }
  });
});
