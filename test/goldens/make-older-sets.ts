// Writes small sets with the program as it is, and digests of what it reads in them: run before the format changes
// (npx tsx test/goldens/make-older-sets.ts), so that later programs are held to read them the same.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openDevice } from "../../src/runtime/index.ts";
import { openImages, readSet, trainingLabels, writeSet } from "../../src/sets/index.ts";
import { sha256, writeJson } from "../../src/support/files.ts";
import { copiedSet, exampleSet, formationSet, hardSet, sharingSet } from "../sets/example-set.ts";

const goldens = fileURLToPath(new URL("older-sets", import.meta.url));

const digestOf = (values: Float32Array): string =>
  sha256(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));

const sets = {
  infer: exampleSet(),
  copies: copiedSet(),
  random: hardSet(),
  formation: formationSet(),
  classes: sharingSet(0, 1, "I4"),
  sharing: sharingSet(1, 1, "I8"),
  largest: exampleSet(1, "I8", { kind: "top-k", k: 2, temperature: 30, dtype: "F16" }),
};

const file = join(goldens, "digests.json");
const digests = JSON.parse(await readFile(file, "utf8")) as Record<string, unknown>;
const device = await openDevice("cpu", { threads: 1 });
for (const [name, unwritten] of Object.entries(sets)) {
  const key = `v${unwritten.manifest.version}-${name}`;
  await writeSet(join(goldens, key), unwritten);
  const set = await readSet(join(goldens, key));
  const { length, classes, read, release } = await openImages(set, device);
  const rows = Array.from({ length }, (_, row) => row);
  const images = digestOf(await read(rows));
  await release();
  const labels = trainingLabels(set)?.read(rows);
  digests[key] = { images, classes: [...classes].join(""), ...(labels && { labels: digestOf(labels) }) };
}
await device.close();
await writeJson(file, digests);
