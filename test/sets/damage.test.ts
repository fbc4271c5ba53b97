import { appendFile, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { decodeFloat16 } from "../../src/codecs/float16.ts";
import { decodeSafetensors, encodeSafetensors } from "../../src/codecs/safetensors.ts";
import { sealManifest } from "../../src/sets/manifest/seal.ts";
import { readSet, verifySet } from "../../src/sets/read.ts";
import type { Manifest } from "../../src/sets/set.ts";
import { writeSet } from "../../src/sets/write.ts";
import { sha256 } from "../../src/support/files.ts";
import { exampleSet } from "./example-set.ts";

let scratch: string;
let folder: string;
beforeEach(async () => {
  scratch = await mkdtemp(join(tmpdir(), "distillery-set-"));
  folder = join(scratch, "set");
});
afterEach(() => rm(scratch, { recursive: true, force: true }));

const setError = (message: RegExp) => expect.objectContaining({ code: "SET", message: expect.stringMatching(message) });

/** The text of a manifest whose own hash fits; versions 1 and 2 have none. */
const sealed = ({ sha256: _, ...fields }: Record<string, unknown>): string =>
  Number(fields.version) < 3 ? JSON.stringify(fields) : sealManifest(fields);

/** Replaces the bytes of a part, and the manifest's entry for it, so that only the content is wrong. */
const forge = async (path: string, bytes: Uint8Array): Promise<void> => {
  const file = join(folder, "manifest.json");
  const manifest = JSON.parse(await readFile(file, "utf8")) as Record<string, unknown> & Manifest;
  const part = { ...manifest.parts[path], bytes: bytes.length, sha256: sha256(bytes) };
  await writeFile(join(folder, path), bytes);
  await writeFile(file, sealed({ ...manifest, parts: { ...manifest.parts, [path]: part } }));
};

describe("damage", () => {
  beforeEach(async () => {
    await writeSet(folder, exampleSet());
  });

  /** Both readers must see it. */
  const expectDamage = async (message: RegExp): Promise<void> => {
    await expect(readSet(folder)).rejects.toThrow(setError(message));
    const { ok, problems } = await verifySet(folder);
    expect(ok).toBe(false);
    expect(problems.join("\n")).toMatch(message);
  };

  it("a whole set has none", async () => {
    expect(await verifySet(folder)).toMatchObject({ ok: true, problems: [] });
    await writeFile(join(folder, ".DS_Store"), "");
    expect((await verifySet(folder)).ok).toBe(true);
  });

  it("no folder, a file, an empty folder", async () => {
    const missing = join(scratch, "missing");
    await expect(readSet(missing)).rejects.toThrow(setError(/missing: there is no such folder/));
    expect((await verifySet(missing)).problems[0]).toMatch(/there is no such folder/);
    await expect(readSet(join(folder, "manifest.json"))).rejects.toThrow(setError(/it is a file/));
    await mkdir(missing);
    await expect(readSet(missing)).rejects.toThrow(setError(/it is not a distilled set: it has no manifest.json/));
  });

  it("missing part", async () => {
    await rm(join(folder, "bases/1.png"));
    await expectDamage(/part bases\/1.png is missing/);
  });

  it("longer part", async () => {
    await appendFile(join(folder, "labels.safetensors"), "x");
    await expectDamage(/part labels.safetensors has \d+ bytes, the manifest says \d+/);
  });

  it("flipped byte: names the part and both hashes", async () => {
    const file = join(folder, "compensators.safetensors");
    const bytes = await readFile(file);
    const before = sha256(bytes);
    bytes[200]! ^= 1;
    await writeFile(file, bytes);
    await expectDamage(new RegExp(`part compensators.safetensors is damaged: .*${sha256(bytes)}.*${before}`));
    expect((await verifySet(folder)).parts.filter(({ ok }) => !ok)).toEqual([
      { path: "compensators.safetensors", bytes: bytes.length, ok: false },
    ]);
  });

  it("truncated PNG whose hash was made to fit", async () => {
    const bytes = await readFile(join(folder, "bases/0.png"));
    await forge("bases/0.png", bytes.subarray(0, bytes.length - 30));
    await expectDamage(/part bases\/0.png does not fit the manifest/);
  });

  it("tensors of another shape, dtype or name", async () => {
    const { tensors } = decodeSafetensors(await readFile(join(folder, "labels.safetensors")), "labels");
    const logits = tensors.logits_vkc;
    if (logits?.dtype !== "F16") throw new Error("logits are not halves");
    await forge("labels.safetensors", encodeSafetensors({ logits_vkc: { ...logits, shape: [18, 3] } }));
    await expectDamage(/labels.safetensors .*"logits_vkc" is F16 \[18,3\], expected F16 \[3,2,3,3\]/);
    await forge("labels.safetensors", encodeSafetensors({ logits }));
    await expectDamage(/holds the tensors \[logits\], expected \[logits_vkc\]/);
    const data = decodeFloat16(logits.data);
    await forge("labels.safetensors", encodeSafetensors({ logits_vkc: { dtype: "F32", shape: logits.shape, data } }));
    await expectDamage(/"logits_vkc" is F32/);
    await forge(
      "labels.safetensors",
      encodeSafetensors({ logits_vkc: { ...logits, data: logits.data.with(1, 0x7c00) } }),
    );
    await expectDamage(/NaN or infinite/);
  });

  it("the k largest of a row: a class that does not exist", async () => {
    await writeSet(folder, exampleSet(1, "F16", { kind: "top-k", k: 1, temperature: 30, dtype: "F16" }));
    const { tensors } = decodeSafetensors(await readFile(join(folder, "labels.safetensors")), "labels");
    const data = new Uint8Array(18).fill(3, 7, 8);
    const forged = { ...tensors, top_classes_vkc: { dtype: "U8", shape: [3, 2, 3, 1], data } } as const;
    await forge("labels.safetensors", encodeSafetensors(forged));
    await expectDamage(/labels.safetensors .*its row 7 names class 3, there are 3/);
  });

  it("a file that does not belong", async () => {
    await writeFile(join(folder, "bases/2.png"), "");
    await expectDamage(/bases\/2.png does not belong to the set/);
  });

  it("verify reports every problem", async () => {
    await rm(join(folder, "bases/1.png"));
    await appendFile(join(folder, "labels.safetensors"), "x");
    await writeFile(join(folder, "notes.txt"), "");
    const { problems, parts } = await verifySet(folder);
    expect(problems).toHaveLength(3);
    expect(parts.map(({ ok }) => ok)).toEqual([true, false, true, false, true]);
  });
});
