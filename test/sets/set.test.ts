import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { decodeFloat16, encodeFloat16 } from "../../src/codecs/float16.ts";
import { encodeSafetensors } from "../../src/codecs/safetensors.ts";
import { setBytes } from "../../src/sets/bytes.ts";
import type { CompensatorDtype } from "../../src/sets/compensator-codec.ts";
import type { LabelChoice } from "../../src/sets/labels/choose.ts";
import { trainingLabels } from "../../src/sets/labels/read.ts";
import { sealManifest } from "../../src/sets/manifest/seal.ts";
import { readSet, verifySet } from "../../src/sets/read.ts";
import { sweepStaging } from "../../src/sets/staging.ts";
import { type UnwrittenSet, writeSet } from "../../src/sets/write.ts";
import { copiedSet, exampleLogits, exampleSet, hardSet } from "./example-set.ts";

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

const editManifest = async (change: (manifest: Record<string, unknown>) => void): Promise<void> => {
  const file = join(folder, "manifest.json");
  const manifest = JSON.parse(await readFile(file, "utf8")) as Record<string, unknown>;
  change(manifest);
  await writeFile(file, sealed(manifest));
};

describe("writing and reading", () => {
  it("gives back what was written, floats rounded to halves", async () => {
    const set = exampleSet();
    const manifest = await writeSet(folder, set);
    const read = await readSet(folder);
    expect(read.manifest).toEqual(manifest);
    expect(read.manifest).toMatchObject(set.manifest);
    expect(read.bases).toEqual(set.bases);
    expect(read.compensators).toEqual(decodeFloat16(encodeFloat16(set.compensators)));
    expect(read.labels).toEqual(set.labels);
    const rows = Array.from({ length: 18 }, (_, row) => row);
    expect(trainingLabels(read)?.read(rows)).toEqual(decodeFloat16(encodeFloat16(exampleLogits())));
  });

  it.each<[string, UnwrittenSet, string[]]>([
    ["hard labels, no compensators", hardSet(), ["bases/0.png", "bases/1.png", "decode.onnx"]],
    ["copies", copiedSet(), ["bases/0.png", "bases/1.png", "labels.safetensors", "decode.onnx"]],
    ...(["F32", "I8"] as const satisfies CompensatorDtype[]).map((dtype): [string, UnwrittenSet, string[]] => [
      `compensators as ${dtype}`,
      exampleSet(1, dtype),
      ["bases/0.png", "bases/1.png", "compensators.safetensors", "labels.safetensors", "decode.onnx"],
    ]),
    ...(
      [
        { kind: "none" },
        { kind: "logits", dtype: "U8" },
        { kind: "top-k", k: 2, temperature: 30, dtype: "F16" },
      ] as const satisfies LabelChoice[]
    ).map((choice): [string, UnwrittenSet, string[]] => [
      `labels ${choice.kind}`,
      exampleSet(1, "F16", choice),
      [
        "bases/0.png",
        "bases/1.png",
        "compensators.safetensors",
        ...(choice.kind === "none" ? [] : ["labels.safetensors"]),
        "decode.onnx",
      ],
    ]),
  ])("keeps sets of other forms: %s", async (_, set, parts) => {
    const manifest = await writeSet(folder, set);
    expect(Object.keys(manifest.parts)).toEqual(parts);
    const read = await readSet(folder);
    expect(read.manifest).toMatchObject(set.manifest);
    expect(read.bases).toEqual(set.bases);
    expect(read.labels).toEqual(set.labels);
    expect(read.compensators).toHaveLength(set.compensators.length);
    expect((await verifySet(folder)).problems).toEqual([]);
    expect(await writeSet(join(scratch, "copy"), read)).toEqual(manifest);
    const files = [...Object.values(manifest.parts), manifest.card!];
    expect(setBytes(manifest, 0).total).toBe(files.reduce((sum, { bytes }) => sum + bytes, 0));
  });

  it("names the axes of its tensors, and holds the halves that version 1 did", async () => {
    const set = exampleSet();
    await writeSet(folder, set);
    const file = (name: string) => readFile(join(folder, `${name}.safetensors`));
    const halves = (key: string, shape: number[], values: Float32Array, metadata?: Record<string, string>) =>
      Buffer.from(encodeSafetensors({ [key]: { dtype: "F16", shape, data: encodeFloat16(values) } }, metadata));
    const { decoding } = set.manifest;
    expect(await file("compensators")).toEqual(
      halves("compensators_kv", [2, 2, 3, 4, 5], set.compensators, { decoding }),
    );
    expect(await file("labels")).toEqual(halves("logits_vkc", [3, 2, 3, 3], exampleLogits()));
  });

  it("keeps what people call the classes, for each of them or for none", async () => {
    const set = exampleSet();
    const words = ["house cat, Felis catus", "dog", ""];
    const named: UnwrittenSet = { ...set, manifest: { ...set.manifest, words } };
    await writeSet(folder, named);
    expect((await readSet(folder)).manifest.words).toEqual(words);
    await editManifest((m) => {
      m.words = words.slice(1);
    });
    await expect(readSet(folder)).rejects.toThrow(
      setError(/manifest.json: words: expected 3, one a class, got 2; make or fetch/),
    );
    await editManifest((m) => {
      delete m.words;
    });
    expect((await readSet(folder)).manifest).not.toHaveProperty("words");
  });

  it("leaves exactly its files, and nothing beside the folder", async () => {
    await writeSet(folder, exampleSet());
    expect((await readdir(folder, { recursive: true })).sort()).toEqual([
      "README.md",
      "bases",
      "bases/0.png",
      "bases/1.png",
      "compensators.safetensors",
      "decode.onnx",
      "labels.safetensors",
      "manifest.json",
    ]);
    expect(await readdir(scratch)).toEqual(["set"]);
  });

  it("writes the same bytes for the same set, also after reading it", async () => {
    const first = await writeSet(folder, exampleSet());
    expect(await writeSet(join(scratch, "again"), exampleSet())).toEqual(first);
    expect(await writeSet(join(scratch, "copy"), await readSet(folder))).toEqual(first);
  });

  it("says what each part weighs", async () => {
    const manifest = await writeSet(folder, exampleSet());
    const size = async (path: string): Promise<number> => (await readFile(join(folder, path))).length;
    const bytes = setBytes(manifest, await size("manifest.json"));
    expect(bytes.bases).toBe((await size("bases/0.png")) + (await size("bases/1.png")));
    expect(bytes.compensators).toBe(await size("compensators.safetensors"));
    expect(bytes.labels).toBe(await size("labels.safetensors"));
    expect(bytes.manifest).toBe(
      (await size("manifest.json")) + (await size("decode.onnx")) + (await size("README.md")),
    );
    expect(bytes.total).toBe(bytes.bases + bytes.compensators + bytes.labels + bytes.manifest);
  });

  it("replaces a set, also into an empty folder, and sweeps what a killed writer left", async () => {
    await mkdir(folder);
    await mkdir(join(scratch, `.set.writing-${(await import("node:os")).hostname()}-999999999`));
    await writeSet(folder, exampleSet(1));
    await writeSet(folder, exampleSet(2));
    expect((await readSet(folder)).manifest.seed).toBe(2);
    expect(await readdir(scratch)).toEqual(["set"]);
  });

  it("replaces one that is damaged, but none of a newer version", async () => {
    const file = join(folder, "manifest.json");
    await writeSet(folder, exampleSet(1));
    const whole = await readFile(file, "utf8");
    for (const text of [whole.slice(0, 200), "", whole.replace('"seed"', '"sead"'), whole.replace("{", "{{")]) {
      await writeFile(file, text);
      await writeFile(join(folder, ".DS_Store"), "");
      if (text.startsWith("{{"))
        await expect(writeSet(folder, exampleSet(2))).rejects.toThrow(/is not a distilled set/);
      else await writeSet(folder, exampleSet(2));
    }
    await writeFile(file, whole.slice(0, 200));
    await writeFile(join(folder, "bases/mine.png"), "");
    await expect(writeSet(folder, exampleSet(2))).rejects.toThrow(
      setError(/holds bases\/mine.png, which would be lost/),
    );
    await rm(join(folder, "bases/mine.png"));
    await writeFile(file, whole.replace('"version": 6', '"version": 7'));
    await expect(writeSet(folder, exampleSet(2))).rejects.toThrow(setError(/is not a distilled set of this version/));
    expect(await readdir(scratch)).toEqual(["set"]);
  });

  it("replaces a folder with nothing but a desktop's files, and no link", async () => {
    await mkdir(folder);
    for (const name of ["Thumbs.db", ".directory", "Icon\r", "._x"]) await writeFile(join(folder, name), "");
    await writeSet(folder, exampleSet());
    expect((await verifySet(folder)).ok).toBe(true);
    await symlink(folder, join(scratch, "link"));
    await symlink("nowhere", join(scratch, "dangling"));
    for (const name of ["link", "dangling"]) {
      await expect(writeSet(join(scratch, name), exampleSet())).rejects.toThrow(setError(/is a link, not a folder/));
    }
  });

  it("has what was being written beside it swept on request, an old set only where a new one stands", async () => {
    await writeSet(folder, exampleSet());
    const hidden = [
      ".set.writing-box-1",
      ".set.old-box-1",
      ".gone.old-box-1",
      ".other.writing-a-b-2",
      ".set.writing-notes",
    ];
    for (const name of hidden) await mkdir(join(scratch, name));
    await sweepStaging(scratch, "set");
    expect((await readdir(scratch)).sort()).toEqual([...hidden.slice(2), "set"].sort());
    await sweepStaging(scratch);
    expect((await readdir(scratch)).sort()).toEqual([".gone.old-box-1", ".set.writing-notes", "set"]);
  });

  it("refuses a folder of other things, a file, and a set with a stranger in it, and leaves them", async () => {
    await mkdir(folder);
    await writeFile(join(folder, "thesis.tex"), "");
    await expect(writeSet(folder, exampleSet())).rejects.toThrow(setError(/is not a distilled set.*another folder/));
    await expect(writeSet(join(folder, "thesis.tex"), exampleSet())).rejects.toThrow(setError(/is a file/));
    const other = join(scratch, "other");
    await writeSet(other, exampleSet(1));
    await writeFile(join(other, "bases", "mine.txt"), "");
    await expect(writeSet(other, exampleSet(2))).rejects.toThrow(setError(/holds bases\/mine.txt/));
    expect((await readdir(scratch)).sort()).toEqual(["other", "set"]);
    expect(await readdir(folder)).toEqual(["thesis.tex"]);
  });

  it("writes nothing when arrays do not fit or are not finite", async () => {
    const set = exampleSet();
    await expect(writeSet(folder, { ...set, bases: set.bases.subarray(1) })).rejects.toThrow(
      setError(/bases has 359 values, expected 360 for \[2,3,3,4,5\]/),
    );
    await expect(writeSet(folder, { ...set, labels: copiedSet().labels })).rejects.toThrow(
      setError(/labels: its tensor "logits" is F16 \[6,3\], expected F16 \[18,3\]/),
    );
    await expect(writeSet(folder, { ...set, labels: {} })).rejects.toThrow(
      setError(/labels: it holds the tensors \[\], expected \[logits\]/),
    );
    await expect(writeSet(folder, { ...set, compensators: set.compensators.with(3, 70000) })).rejects.toThrow(
      expect.objectContaining({ code: "NOT_FINITE", message: expect.stringMatching(/compensators/) }),
    );
    expect(await readdir(scratch)).toEqual([]);
  });

  it("keeps the old set when the new one cannot be written", async () => {
    await writeSet(folder, exampleSet(1));
    const broken = exampleSet(2);
    const labels = { logits: { dtype: "F16", shape: [18, 3], data: new Uint16Array(54).fill(0x7e00) } } as const;
    await expect(writeSet(folder, { ...broken, labels })).rejects.toThrow(/labels/);
    expect((await readSet(folder)).manifest.seed).toBe(1);
    expect(await readdir(scratch)).toEqual(["set"]);
  });
});
