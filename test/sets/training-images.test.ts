import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Device, openDevice } from "../../src/runtime/index.ts";
import { openImages, type TrainingImages } from "../../src/sets/training-images.ts";
import { stream } from "../../src/support/random.ts";
import { copiedSet, exampleSet } from "./example-set.ts";

let device: Device;
let images: TrainingImages;
let values: Float32Array;
const set = { ...exampleSet(), manifest: { ...exampleSet().manifest, parts: {} } };
const [K, M, C, plane] = [2, 2, 3, 20];
beforeAll(async () => {
  device = await openDevice("cpu", { threads: 1 });
  images = await openImages(set, device);
  values = await images.read(Array.from({ length: images.length }, (_, row) => row));
});
afterAll(async () => {
  await images.release();
  await device.close();
});

/** Whether two arrays agree to the last bit: 0 and -0 are different. */
const sameBits = (a: Float32Array, b: Float32Array): boolean =>
  Buffer.compare(
    Buffer.from(a.buffer, a.byteOffset, a.byteLength),
    Buffer.from(b.buffer, b.byteOffset, b.byteLength),
  ) === 0;

describe("openImages", () => {
  it("gives clip(P_k + u_kj) in the order of the labels, each operation rounded to a float", () => {
    const { mean, std } = set.manifest.normalisation;
    expect(values).toHaveLength((M + 1) * K * C * 3 * plane);
    const expected = new Float32Array(values.length);
    let row = 0;
    for (let v = 0; v <= M; v++) {
      for (let k = 0; k < K; k++) {
        for (let c = 0; c < C; c++, row++) {
          expect(images.classes[row]).toBe(c);
          for (let channel = 0; channel < 3; channel++) {
            const level = (pixel: number): number => Math.fround((pixel / 255 - mean[channel]!) / std[channel]!);
            for (let i = 0; i < plane; i++) {
              const pixel = set.bases[((k * C + c) * 3 + channel) * plane + i]!;
              const u = v === 0 ? 0 : set.compensators[((k * M + v - 1) * 3 + channel) * plane + i]!;
              const sum = Math.fround(level(pixel) + u);
              expected[(row * 3 + channel) * plane + i] = Math.min(level(255), Math.max(level(0), sum));
            }
          }
        }
      }
    }
    expect(sameBits(values, expected)).toBe(true);
  });

  it("leaves base images exactly as they are", async () => {
    const still = await openImages({ ...set, compensators: set.compensators.map(() => 0) }, device);
    const rows = Array.from({ length: K * C }, (_, row) => row);
    expect(await still.read(rows.map((row) => row + K * C))).toEqual(await still.read(rows));
    await still.release();
  });

  it("reads any rows in any order", async () => {
    const size = 3 * plane;
    const row = (at: number): Float32Array => values.subarray(at * size, (at + 1) * size);
    expect(await images.read([7, 0, 7])).toEqual(Float32Array.of(...row(7), ...row(0), ...row(7)));
    expect(await images.read([])).toEqual(new Float32Array(0));
  });

  it("counts copies of an image, which are it", async () => {
    const copies = { ...copiedSet(), manifest: { ...copiedSet().manifest, parts: {} } };
    const { length, classes, read } = await openImages(copies, device);
    expect([length, classes.length]).toEqual([18, 18]);
    expect(await read([2, 8, 14])).toEqual(await read([2, 2, 2]));
  });

  it("decodes what is asked for of a set that is too large to be kept, to the same bits", async () => {
    const [side, bases, perBase] = [224, 2, 255];
    const size = 3 * side * side;
    const random = stream(3, "large set");
    const noise = Float32Array.from({ length: size }, () => random.normal());
    const compensators = new Float32Array(bases * perBase * size);
    for (let u = 0; u < bases * perBase; u++) compensators.set(noise.subarray(u), u * size);
    const large = {
      manifest: {
        ...set.manifest,
        classes: ["one"],
        image: { height: side, width: side },
        storage: { kind: "images", height: side, width: side },
        budget: {
          ipc: 1000,
          bases,
          compensators: bases * perBase,
          perBase,
          perClass: 0,
          trainingImages: bases * (perBase + 1),
        },
      },
      bases: Uint8Array.from({ length: bases * size }, (_, i) => i % 251),
      compensators,
    };
    const opened = await openImages(large, device);
    // More rows than are decoded at a time, the last of them among them.
    const rows = Array.from({ length: 70 }, (_, i) => 511 - 7 * i);
    const read = await opened.read(rows);
    const { mean, std } = set.manifest.normalisation;
    for (const [i, row] of [...rows.entries()].filter(([at]) => at % 23 === 0)) {
      const [v, k] = [Math.floor(row / bases), row % bases];
      const expected = Float32Array.from({ length: size }, (_, at) => {
        const channel = Math.floor(at / (side * side));
        const level = (pixel: number): number => Math.fround((pixel / 255 - mean[channel]!) / std[channel]!);
        const u = v === 0 ? 0 : compensators[(k * perBase + v - 1) * size + at]!;
        const sum = Math.fround(level(large.bases[k * size + at]!) + u);
        return Math.min(level(255), Math.max(level(0), sum));
      });
      expect(sameBits(read.subarray(i * size, (i + 1) * size), expected), `row ${row}`).toBe(true);
    }
    await opened.release();
  });
});
