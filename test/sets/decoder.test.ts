import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { InferenceSession, Tensor } from "onnxruntime-node";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { decodeFloat16 } from "../../src/codecs/float16.ts";
import { type Device, openDevice } from "../../src/runtime/index.ts";
import { describeDecoding, layoutOf, openImages, readSet, type UnwrittenSet, writeSet } from "../../src/sets/index.ts";
import { copiedSet, exampleSet, formationSet, hardSet, sharingSet } from "./example-set.ts";

let device: Device;
let scratch: string;
beforeAll(async () => {
  // Also switches ONNX Runtime's telemetry off, before the sessions of this file.
  device = await openDevice("cpu", { threads: 1 });
  scratch = await mkdtemp(join(tmpdir(), "distillery-decoder-"));
});
afterAll(async () => {
  await device.close();
  await rm(scratch, { recursive: true, force: true });
});

const [C, H, W] = [3, 4, 5];

interface Size {
  readonly height: number;
  readonly width: number;
}

interface Manifest {
  readonly normalisation: { readonly mean: readonly number[]; readonly std: readonly number[] };
  readonly image: Size;
  readonly storage: Size & { readonly kind: string };
  readonly budget: { readonly bases: number; readonly compensators: number };
}

const manifestOf = async (folder: string): Promise<Manifest> =>
  JSON.parse(await readFile(join(folder, "manifest.json"), "utf8")) as Manifest;

/** Normalised bases [K C, 3, h, w] from the contact sheets, by nothing of the reader: rows of tiles, class by class. */
const basesIn = async (folder: string): Promise<Float32Array> => {
  const { normalisation, storage, budget } = await manifestOf(folder);
  const { mean, std } = normalisation;
  const { height: h, width: w } = storage;
  const perSheet = C * (storage.kind === "images" ? 1 : 4);
  const out = new Float32Array(budget.bases * C * 3 * h * w);
  for (let first = 0; first < budget.bases * C; first += perSheet) {
    const { data, info } = await sharp(join(folder, `bases/${first / perSheet}.png`))
      .raw()
      .toBuffer({ resolveWithObject: true });
    const across = info.width / w;
    for (let tile = 0; tile < Math.min(perSheet, budget.bases * C - first); tile++) {
      for (let channel = 0; channel < 3; channel++) {
        for (let i = 0; i < h * w; i++) {
          const x = (tile % across) * w + (i % w);
          const y = Math.floor(tile / across) * h + Math.floor(i / w);
          const pixel = data[(y * info.width + x) * info.channels + channel]!;
          out[((first + tile) * 3 + channel) * h * w + i] = (pixel / 255 - mean[channel]!) / std[channel]!;
        }
      }
    }
  }
  return out;
};

/** Half floats of a safetensors file with one tensor. */
const halvesIn = async (file: string): Promise<Float32Array> => {
  const bytes = await readFile(file);
  const data = bytes.subarray(8 + Number(bytes.readBigUInt64LE(0)));
  return decodeFloat16(new Uint16Array(Uint8Array.from(data).buffer));
};

const opened = async (name: string, set: UnwrittenSet): Promise<string> => {
  const folder = join(scratch, name);
  await writeSet(folder, set);
  return folder;
};

/** Eight smaller bases of each class, which cost as much as two images. */
const smallAlone = (): UnwrittenSet => {
  const { manifest, bases } = formationSet();
  return {
    ...hardSet(),
    manifest: {
      ...hardSet().manifest,
      image: manifest.image,
      storage: manifest.storage,
      budget: { ipc: 2, bases: 8, compensators: 0, perBase: 0, perClass: 0, trainingImages: 24 },
    },
    bases: Uint8Array.from({ length: 24 * 18 }, (_, i) => bases[i % bases.length]!),
  };
};

const bits = (values: Float32Array): Buffer => Buffer.from(values.buffer, values.byteOffset, values.byteLength);

describe("decode.onnx in a session of plain ONNX Runtime", () => {
  it.each<[string, UnwrittenSet, number]>([
    ["compensators", exampleSet(), 18],
    ["copies of bases", copiedSet(), 6],
    ["bases alone", hardSet(), 6],
    ["compensators of smaller bases", formationSet(), 36],
    ["smaller bases alone", smallAlone(), 24],
    ["compensators of classes", sharingSet(0, 2), 18],
    ["compensators of base sets and of classes", sharingSet(3, 2), 36],
  ])("gives the reader's images to the last bit: %s", async (name, set, distinct) => {
    const folder = await opened(name, set);
    const { read, release } = await openImages(await readSet(folder), device);
    const session = await InferenceSession.create(join(folder, "decode.onnx"), { logSeverityLevel: 3 });
    const { image, storage, budget } = await manifestOf(folder);
    const { height, width } = image;
    const compensated = budget.compensators > 0;
    expect(session.inputNames).toEqual(["bases", ...(compensated ? ["compensators"] : []), "rows"]);
    expect(session.outputNames).toEqual(["images"]);
    const feeds = {
      bases: new Tensor("float32", await basesIn(folder), [budget.bases * C, 3, storage.height, storage.width]),
      ...(compensated && {
        compensators: new Tensor("float32", await halvesIn(join(folder, "compensators.safetensors")), [
          budget.compensators,
          3,
          height,
          width,
        ]),
      }),
    };
    const orders = [(i: number) => i, (i: number) => distinct - 1 - i, (i: number) => (i * 7) % distinct, () => 5];
    for (const order of orders) {
      const rows = Array.from({ length: distinct }, (_, i) => order(i));
      const given = new Tensor("int64", BigInt64Array.from(rows, BigInt), [distinct]);
      const { images } = await session.run({ ...feeds, rows: given });
      expect(images!.dims).toEqual([distinct, 3, height, width]);
      expect(bits(images!.data as Float32Array).equals(bits(await read(rows)))).toBe(true);
    }
    await release();
    await session.release();
  });

  it("asks for as many rows at once as divide all of them, at most 128", async () => {
    const budget = { ipc: 100, bases: 87, compensators: 0, perBase: 0, perClass: 0, trainingImages: 261 };
    const set = hardSet();
    const many: UnwrittenSet = {
      ...set,
      manifest: { ...set.manifest, budget, recipe: { data: "example", ipc: 100 } },
      bases: Uint8Array.from({ length: 261 * 3 * H * W }, (_, i) => i % 256),
    };
    const folder = await opened("many", many);
    const session = await InferenceSession.create(join(folder, "decode.onnx"), { logSeverityLevel: 3 });
    const types = session.inputMetadata.map((input) => (input.isTensor ? [input.name, input.shape] : []));
    expect(types).toEqual([
      ["bases", [261, 3, H, W]],
      ["rows", [87]],
    ]);
    await session.release();
  });

  it("is told in words by the file as by the manifest of a set that is made", async () => {
    const { manifest, ...arrays } = exampleSet();
    const said = { ...manifest, decoding: describeDecoding(layoutOf(manifest)) };
    const folder = await opened("words", { ...arrays, manifest: said });
    const text = await readFile(join(folder, "decode.onnx"), "latin1");
    expect(await readFile(join(folder, "compensators.safetensors"), "latin1")).toContain(said.decoding);
    expect(await readFile(join(folder, "README.md"), "utf8")).toContain(said.decoding);
    expect(text).toContain(
      "Training image (v, k, c), v = 0..2, in row (v 2 + k) 3 + c, is base k of 2 of class c of 3",
    );
    expect(text).toContain("plus compensator (k, v - 1) where v > 0, added to that and cut off at black and white,");
  });

  it("is small, and tells that it enlarges", async () => {
    const folder = await opened("small", formationSet());
    const bytes = await readFile(join(folder, "decode.onnx"));
    expect(bytes.length).toBeLessThan(10_000);
    expect(describeDecoding(layoutOf(formationSet().manifest))).toContain(
      "base k of 6 of class c of 3, brought from 2x3 to 4x6 by decode.onnx, its pixels normalised",
    );
  });

  it("uses standard operators only, and writes the same bytes every time", async () => {
    const [one, again] = [await opened("one", exampleSet(1)), await opened("again", exampleSet(2))];
    const bytes = await readFile(join(one, "decode.onnx"));
    expect(await readFile(join(again, "decode.onnx"))).toEqual(bytes);
    const enlarging = await readFile(join(await opened("enlarging", formationSet()), "decode.onnx"));
    for (const file of [bytes, enlarging])
      expect(file.toString("latin1")).not.toMatch(/com\.microsoft|ai\.onnx\.contrib|distillery\./);
  });
});
