import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { inspectSet } from "../../src/cli/commands/inspect.ts";
import { normalise, validRange } from "../../src/data/normalisation.ts";
import { makeGallery } from "../../src/report/run/choose-gallery.ts";
import { type Device, openDevice } from "../../src/runtime/index.ts";
import { openImages, readSet, setBytes, verifySet, writeSet } from "../../src/sets/index.ts";
import { describeDecoding, layoutOf } from "../../src/sets/layout.ts";
import { sharingSet } from "./example-set.ts";

let device: Device;
let scratch: string;
beforeAll(async () => {
  device = await openDevice("cpu", { threads: 1 });
  scratch = await mkdtemp(join(tmpdir(), "distillery-sharing-"));
});
afterAll(async () => {
  await device.close();
  await rm(scratch, { recursive: true, force: true });
});

const [K, C, plane] = [2, 3, 20];
const size = 3 * plane;

describe.each([
  [0, 2],
  [3, 0],
  [1, 2],
])("%i compensators of each base set and %i of each class", (V, U) => {
  it.each(["F16", "I8", "I4"] as const)("are stored, read and added, row for row, as %s", async (dtype) => {
    const folder = join(scratch, `${V}-${U}-${dtype}`);
    const written = await writeSet(folder, sharingSet(V, U, dtype));
    expect(await verifySet(folder)).toMatchObject({ ok: true, problems: [] });
    const set = await readSet(folder);
    expect(setBytes(written, 0).compensators).toBeGreaterThan(
      (K * V + C * U) * size * { F16: 2, I8: 1, I4: 0.5 }[dtype],
    );
    // What was read is written again as it is.
    expect((await writeSet(`${folder}-copy`, set)).parts).toEqual(written.parts);
    const { normalisation } = set.manifest;
    const { low, high } = validRange(normalisation);
    const bases = normalise(set.bases, normalisation, 4, 5);
    const { length, classes, read, release } = await openImages(set, device);
    const images = await read(Array.from({ length }, (_, row) => row));
    await release();
    let row = 0;
    for (let v = 0; v <= V + U; v++) {
      for (let k = 0; k < K; k++) {
        for (let c = 0; c < C; c++, row++) {
          expect(classes[row]).toBe(c);
          // Those of base sets first, base set by base set; then the first ones of all classes, the second ones, ...
          const at = v <= V ? k * V + v - 1 : K * V + (v - V - 1) * C + c;
          for (let i = 0; i < size; i++) {
            const channel = Math.floor(i / plane);
            const sum = bases[(k * C + c) * size + i]! + (v === 0 ? 0 : set.compensators[at * size + i]!);
            const clipped = Math.min(high[channel]!, Math.max(low[channel]!, sum));
            expect(images[row * size + i]).toBeCloseTo(clipped, 5);
          }
        }
      }
    }
    expect(row).toBe(length);
  });
});

it("is told in words", async () => {
  const said = (V: number, U: number): string => describeDecoding(layoutOf(sharingSet(V, U).manifest));
  expect(said(0, 2)).toBe(
    "Training image (v, k, c), v = 0..2, in row (v 2 + k) 3 + c, is base k of 2 of class c of 3, its pixels normalised as (pixel / 255 - mean) / std, " +
      "plus compensator 0 + (v - 1) 3 + c where v > 0, which all bases of class c share, added to that and cut off at black and white, (0 - mean) / std and (1 - mean) / std of each channel.",
  );
  expect(said(2, 1)).toContain(
    "v = 0..3, in row (v 2 + k) 3 + c, is base k of 2 of class c of 3, its pixels normalised as (pixel / 255 - mean) / std, " +
      "plus compensator k 2 + v - 1 where v = 1..2, which all classes share, or compensator 4 + (v - 3) 3 + c where v > 2, which all bases of class c share, added to that and cut off",
  );
  const folder = join(scratch, "told");
  await writeSet(folder, sharingSet(1, 2));
  const { text } = await inspectSet(folder, new PassThrough(), 200);
  expect(text).toContain(
    "half floats, 1 of each base set, shared by all classes, 2 of each class, shared by all of its bases",
  );
});

it("the gallery names compensators of base sets and of classes in turn", async () => {
  const folder = join(scratch, "gallery");
  await writeSet(folder, sharingSet(1, 2));
  const set = await readSet(folder);
  const images = await openImages(set, device);
  const gallery = await makeGallery(set, images);
  await images.release();
  expect(gallery.map(({ caption }) => caption)).toEqual([
    "base 0, compensator 0",
    "base 1, compensator 0 of the class",
    "base 0, compensator 1 of the class",
  ]);
  expect(new Set(gallery.map(({ compensator }) => Buffer.from(compensator!).toString("hex"))).size).toBe(3);
});
