import { afterAll, beforeAll, expect, it } from "vitest";
import { decodeFloat16, encodeFloat16 } from "../../../src/codecs/float16.ts";
import { type Device, openDevice } from "../../../src/runtime/index.ts";
import { trainingLabels } from "../../../src/sets/labels/read.ts";
import { openImages } from "../../../src/sets/training-images.ts";
import { copiedSet, exampleLogits, exampleSet, hardSet } from "../example-set.ts";

let device: Device;
beforeAll(async () => {
  device = await openDevice("cpu", { threads: 1 });
});
afterAll(() => device.close());

const listed = <S extends { readonly manifest: object }>(set: S) => ({
  ...set,
  manifest: { ...set.manifest, parts: {} } as S["manifest"] & { readonly parts: Record<string, never> },
});

it("reads any rows in any order", () => {
  const labels = trainingLabels(listed(exampleSet()));
  const logits = decodeFloat16(encodeFloat16(exampleLogits()));
  const row = (at: number): Float32Array => logits.subarray(at * 3, at * 3 + 3);
  expect(labels?.length).toBe(18);
  expect(labels?.read([17, 0, 17])).toEqual(Float32Array.of(...row(17), ...row(0), ...row(17)));
});

it("gives copies of a base its pixels and its labels", async () => {
  const set = listed(copiedSet());
  const images = await openImages(set, device);
  const labels = trainingLabels(set);
  expect([images.length, labels?.length]).toEqual([18, 18]);
  expect(await images.read([4, 10])).toEqual(await images.read([16, 4]));
  expect(images.classes[16]).toBe(images.classes[4]);
  expect(labels?.read([4, 10])).toEqual(labels?.read([16, 4]));
});

it("has none of a set without labels, whose images are its bases", async () => {
  const set = listed(hardSet());
  expect(trainingLabels(set)).toBeUndefined();
  const images = await openImages(set, device);
  expect(images.length).toBe(6);
  const all = await openImages(listed(exampleSet()), device);
  expect(await images.read([0, 5])).toEqual(await all.read([0, 5]));
});
