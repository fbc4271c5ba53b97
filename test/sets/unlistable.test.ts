import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { checkExportPlace } from "../../src/export/export-set.ts";
import { checkSetPlace } from "../../src/sets/place.ts";
import { readSet, verifySet } from "../../src/sets/read.ts";
import { writeSet } from "../../src/sets/write.ts";
import { copiedSet } from "./example-set.ts";

/** Folders that may not be listed: permissions themselves mean nothing to a superuser, as whom tests may run. */
const forbidden = vi.hoisted(() => new Set<string>());

vi.mock("node:fs/promises", async (original) => {
  const all = await original<typeof import("node:fs/promises")>();
  const readdir = async (path: string, ...how: []) => {
    if (!forbidden.has(path)) return all.readdir(path, ...how);
    throw Object.assign(new Error(`EACCES: permission denied, scandir '${path}'`), { code: "EACCES" });
  };
  return { ...all, readdir };
});

let scratch: string;
let folder: string;
beforeEach(async () => {
  scratch = await mkdtemp(join(tmpdir(), "distillery-unlistable-"));
  folder = join(scratch, "set");
  await writeSet(folder, copiedSet());
});
afterEach(async () => {
  forbidden.clear();
  await rm(scratch, { recursive: true, force: true });
});

const told = (path: string) => `cannot be listed (EACCES: permission denied, scandir '${path}')`;
const refusal = (message: string, code = "SET") => expect.objectContaining({ code, message });

it("a folder of a set that may not be listed is told of by all who read it", async () => {
  const bases = join(folder, "bases/");
  forbidden.add(bases);
  await expect(readSet(folder)).rejects.toThrow(refusal(`${bases} ${told(bases)}`));
  expect(await verifySet(folder)).toMatchObject({ ok: false, problems: [`${bases} ${told(bases)}`] });
  await expect(checkSetPlace(folder)).rejects.toThrow(refusal(`${bases} ${told(bases)}`));
});

it("a damaged set's folder likewise, and one that is to be replaced or written to", async () => {
  await writeFile(join(folder, "manifest.json"), "{");
  expect(await checkSetPlace(folder)).toBe(true);
  forbidden.add(folder);
  await expect(checkSetPlace(folder)).rejects.toThrow(refusal(`${folder} ${told(folder)}`));
  await expect(checkExportPlace(folder)).rejects.toThrow(
    refusal(`${folder} is there and ${told(folder)}; choose another --out, or move it elsewhere`, "USAGE"),
  );
});
