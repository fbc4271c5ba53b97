import { cp, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Device, openDevice } from "../../src/runtime/index.ts";
import { openImages, readSet, trainingLabels, verifySet, writeSet } from "../../src/sets/index.ts";
import { sha256 } from "../../src/support/files.ts";

/** Sets as the programs of their time wrote them, and what those programs read out of them. */
const goldens = fileURLToPath(new URL("../goldens/older-sets", import.meta.url));

interface Digests {
  readonly images: string;
  readonly classes: string;
  readonly labels?: string;
}

const digests = JSON.parse(await readFile(join(goldens, "digests.json"), "utf8")) as Record<string, Digests>;

const digestOf = (values: Float32Array): string =>
  sha256(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));

let device: Device;
let scratch: string;
beforeAll(async () => {
  device = await openDevice("cpu", { threads: 1 });
  scratch = await mkdtemp(join(tmpdir(), "distillery-older-"));
});
afterAll(async () => {
  await device.close();
  await rm(scratch, { recursive: true, force: true });
});

const contentOf = async (folder: string): Promise<Digests> => {
  const set = await readSet(folder);
  const { length, classes, read, release } = await openImages(set, device);
  const rows = Array.from({ length }, (_, row) => row);
  const images = digestOf(await read(rows));
  await release();
  const labels = trainingLabels(set)?.read(rows);
  return { images, classes: [...classes].join(""), ...(labels && { labels: digestOf(labels) }) };
};

describe.each(Object.entries(digests))("a set of an earlier version, %s", (name, digest) => {
  const folder = join(goldens, name);

  it("opens, is whole, and gives the images, classes and labels that it gave, to the last bit", async () => {
    expect(await verifySet(folder)).toMatchObject({ ok: true, problems: [] });
    expect("sha256" in (await verifySet(folder))).toBe(/^v[345]/.test(name));
    expect(await contentOf(folder)).toEqual(digest);
  });

  it("is told in the words of the newest version", async () => {
    const { manifest } = await readSet(folder);
    const text = JSON.parse(await readFile(join(folder, "manifest.json"), "utf8")) as Record<string, unknown>;
    const { budget } = manifest;
    expect(manifest).toEqual({
      compensators: { dtype: "F16" },
      labels: { kind: "logits", dtype: "F16" },
      unnamedAxes: true,
      ...(!/^v[45]/.test(name) && {
        pixels: "natural",
        storage: { kind: "images", height: 4, width: 5 },
        decoding: "",
        undecoded: true,
      }),
      ...text,
      version: 6,
      budget: { perBase: budget.compensators / budget.bases, perClass: 0, ...(text.budget as object) },
    });
  });

  it("can be written again, and is the same set then", async () => {
    const copy = join(scratch, name);
    await cp(folder, copy, { recursive: true });
    const set = await readSet(copy);
    // The older one is replaced.
    const written = await writeSet(copy, set);
    // The example's decode.onnx said the rule in words of its own.
    const { "decode.onnx": _, ...parts } = set.manifest.parts;
    expect(written.parts).toMatchObject(parts);
    expect(await verifySet(copy)).toMatchObject({ ok: true, sha256: written.sha256 });
    expect(await contentOf(copy)).toEqual(digest);
    const { unnamedAxes: _u, ...named } = set.manifest;
    await writeSet(copy, { ...set, manifest: named });
    expect((await readSet(copy)).manifest).not.toHaveProperty("unnamedAxes");
    expect(await contentOf(copy)).toEqual(digest);
  });
});

it("there are such of every earlier version", () => {
  expect([...new Set(Object.keys(digests).map((name) => name.slice(0, 2)))]).toEqual(["v1", "v2", "v3", "v4", "v5"]);
});
