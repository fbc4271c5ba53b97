import { appendFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { parse } from "yaml";
import { cardName, cardOf } from "../../src/sets/card.ts";
import { describeDecoding, layoutOf, readSet, type Unlisted, verifySet, writeSet } from "../../src/sets/index.ts";
import { exampleSet, hardSet, sharingSet } from "./example-set.ts";

const said = (manifest: Unlisted): Unlisted => ({ ...manifest, decoding: describeDecoding(layoutOf(manifest)) });

describe("the card of a set", () => {
  let folder: string;
  let file: string;
  beforeEach(async () => {
    const scratch = await mkdtemp(join(tmpdir(), "distillery-card-"));
    onTestFinished(() => rm(scratch, { recursive: true, force: true }));
    folder = join(scratch, "set");
    file = join(folder, cardName);
    await writeSet(folder, exampleSet());
  });

  it("says the order of rows, clip and normalisation in less than 2 KB, and belongs to the set's bytes", async () => {
    const { manifest } = exampleSet();
    const text = cardOf(said(manifest));
    expect(text).toContain("in row (v 2 + k) 3 + c, is base k of 2 of class c of 3");
    expect(text).toContain("cut off at black and white");
    expect(text).toContain("mean 0.5000 0.4000 0.3000, std 0.2500 0.2000 0.3000");
    for (const { manifest: other } of [exampleSet(), hardSet(), sharingSet(1, 1)])
      expect(Buffer.byteLength(cardOf(said(other)))).toBeLessThan(2000);
    const { card } = (await readSet(folder)).manifest;
    expect(card?.bytes).toBe((await readFile(file)).length);
  });

  it("gives `datasets` a list of files that names none of the set's, whatever a manifest holds", () => {
    const { manifest } = exampleSet();
    const text = cardOf({ ...manifest, data: "a\n---\nb: *c", method: "x".repeat(200) });
    const [, head, ...rest] = text.split("---\n");
    expect(parse(head!)).toMatchObject({
      configs: [{ config_name: "default", data_files: expect.stringMatching(/^a distilled set is decoded first/) }],
    });
    expect(rest).toHaveLength(1);
  });

  it("may be edited or left out by people, and is no damage then", async () => {
    await appendFile(file, "\nLicence: CC0.\n");
    expect((await verifySet(folder)).problems).toEqual([]);
    await rm(file);
    expect((await readSet(folder)).manifest.data).toBe("example");
  });

  it("is not written over where somebody has edited it", async () => {
    await writeSet(folder, exampleSet(2));
    await appendFile(file, "\nLicence: CC0.\n");
    await expect(writeSet(folder, exampleSet(3))).rejects.toThrow(/holds README.md, which would be lost/);
    await writeFile(join(folder, "manifest.json"), '{\n  "format": "distillery-set"');
    await writeFile(file, "Notes of my own");
    await expect(writeSet(folder, exampleSet(3))).rejects.toThrow(/holds README.md, which would be lost/);
    await rm(file);
    await writeSet(folder, exampleSet(3));
  });
});
