import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { type DistilleryError, openSet } from "../../src/library/index.ts";
import { openDevice } from "../../src/runtime/index.ts";
import { openImages, readSet, trainingLabels, writeSet } from "../../src/sets/index.ts";
import { filesIn, temporaryFolder } from "../pipeline/tiny.ts";
import { exampleSet, hardSet } from "../sets/example-set.ts";

const bytesIn = async (folder: string): Promise<Record<string, Uint8Array>> =>
  Object.fromEntries(
    await Promise.all((await filesIn(folder)).map(async (path) => [path, await readFile(join(folder, path))] as const)),
  );

const failureOf = (work: Promise<unknown>): Promise<DistilleryError> =>
  work.then(
    () => expect.unreachable(),
    (error: DistilleryError) => error,
  );

test("a folder and its files in memory are the same set, with the reader's images, labels and logits", async () => {
  const folder = await temporaryFolder();
  await writeSet(join(folder, "set"), exampleSet());
  const read = await readSet(join(folder, "set"));
  const device = await openDevice("cpu", { threads: 1 });
  const rows = Int32Array.from({ length: 18 }, (_, row) => row);
  const images = await (await openImages(read, device)).read(rows);
  await device.close();
  for (const place of [join(folder, "set"), await bytesIn(join(folder, "set"))]) {
    await using set = await openSet(place);
    expect([set.length, set.classes, set.hasLogits]).toEqual([18, ["cat", "dog", "emu"], true]);
    expect(await set.images()).toEqual(images);
    expect(set.logits([4, 17])).toEqual(trainingLabels(read)!.read([4, 17]));
    const batches: number[] = [];
    const seen: number[] = [];
    for await (const batch of set.batches(7, 3)) {
      batches.push(batch.rows.length);
      seen.push(...batch.rows);
      expect([...batch.labels]).toEqual([...batch.rows].map((row) => row % 3));
      expect(batch.images).toEqual(await set.images(batch.rows));
      expect(batch.logits).toEqual(set.logits(batch.rows));
    }
    expect(batches).toEqual([7, 7, 4]);
    expect(seen).not.toEqual([...rows]);
    expect(seen.sort((a, b) => a - b)).toEqual([...rows]);
  }
});

test("files that are cut, changed or missing are named", async () => {
  const folder = join(await temporaryFolder(), "set");
  await writeSet(folder, exampleSet());
  const files = await bytesIn(folder);
  const { "labels.safetensors": labels, "manifest.json": manifest, ...rest } = files;
  const flipped = Uint8Array.from(labels!);
  flipped[flipped.length - 1]! ^= 1;
  for (const [given, message] of [
    [rest, /lack manifest\.json/],
    [{ ...rest, "manifest.json": manifest!.subarray(0, 99) }, /manifest\.json: it .*cut short/],
    [{ ...rest, "manifest.json": manifest! }, /^part labels\.safetensors is missing$/],
    [{ ...files, "labels.safetensors": labels!.subarray(1) }, /^part labels\.safetensors has \d+ bytes, the manifest/],
    [{ ...files, "labels.safetensors": flipped }, /^part labels\.safetensors is damaged: its sha256/],
  ] as const) {
    const { code, message: said } = await failureOf(openSet(given));
    expect([code, said]).toEqual(["SET", expect.stringMatching(message)]);
  }
});

test("rows that there are not, and logits that are not stored, are refused", async () => {
  const folder = join(await temporaryFolder(), "set");
  await writeSet(folder, hardSet());
  await using set = await openSet(folder);
  expect(await failureOf(set.images([6]))).toMatchObject({
    code: "USAGE",
    message: "row 6: expected a whole number from 0 to 5",
  });
  expect(() => set.logits()).toThrow("stores no logits");
});

test("an address opens as the folder that it serves", async () => {
  const folder = await temporaryFolder();
  await writeSet(join(folder, "set"), exampleSet());
  const server = createServer((request, response) => {
    readFile(join(folder, request.url!)).then(
      (bytes) => response.end(bytes),
      () => response.writeHead(404).end(),
    );
  });
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  onTestFinished(() => void server.close());
  vi.stubEnv("XDG_CACHE_HOME", join(folder, "cache"));
  onTestFinished(() => void vi.unstubAllEnvs());
  const { port } = server.address() as AddressInfo;
  const titles: string[] = [];
  await using set = await openSet(`http://127.0.0.1:${port}/set`, {
    onProgress: (event) => event.type === "note" && titles.push(event.text),
  });
  await using here = await openSet(join(folder, "set"));
  expect(await set.images()).toEqual(await here.images());
  expect(titles).toEqual([expect.stringContaining("kept in")]);
});
