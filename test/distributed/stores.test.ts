import { mkdtemp, readdir, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative, resolve } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { openStore, storeId } from "../../src/distributed/artefacts/open-store.ts";
import { sha256 } from "../../src/support/files.ts";
import { temporaryFor } from "../../src/support/temporary.ts";
import { start, until } from "../e2e/processes.ts";
import { type S3Server, s3Server } from "./s3-server.ts";

let folder: string;
let server: S3Server;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "distillery-stores-"));
  server = await s3Server();
  for (const [name, value] of Object.entries(server.env)) vi.stubEnv(name, value);
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await server.close();
  await rm(folder, { recursive: true });
});

/** For comparing bytes of whatever kind of array; undefined where there are none. */
const hex = (bytes: Uint8Array | undefined): string | undefined => bytes && Buffer.from(bytes).toString("hex");

const names = ["kind/a/result", "kind/a/beside-0", "kind-b/c"] as const;
const operation = fc.record({
  name: fc.constantFrom(...names),
  does: fc.constantFrom("put", "putIfAbsent", "remove", "get", "has"),
  bytes: fc.uint8Array({ maxLength: 40 }),
});

it("a store in a folder has its whole path for an address, which holds for processes in other folders too", async () => {
  const place = join(folder, "relative");
  expect((await openStore(relative(process.cwd(), place))).address).toBe(place);
});

describe.each([
  ["a folder", (name: string) => join(folder, name)],
  ["a bucket", (name: string) => `s3://bucket/${name}`],
])("a store in %s", (_, place) => {
  it("does what a map does", async () => {
    let runs = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(operation, { maxLength: 12 }), async (operations) => {
        const store = await openStore(place(`map-${runs++}`));
        const map = new Map<string, Uint8Array>();
        for (const { name, does, bytes } of operations) {
          const before = map.get(name);
          if (does === "get") expect(hex(await store.get(name))).toBe(hex(before));
          if (does === "has") expect(await store.has(name)).toBe(before !== undefined);
          if (does === "putIfAbsent") expect(await store.putIfAbsent(name, bytes)).toBe(before === undefined);
          if (does === "put") await store.put(name, bytes);
          if (does === "remove") await store.remove(name);
          if (does === "remove") map.delete(name);
          else if (does === "put" || (does === "putIfAbsent" && before === undefined)) map.set(name, bytes);
        }
        for (const name of names) expect(hex(await store.get(name))).toBe(hex(map.get(name)));
      }),
      { numRuns: 15 },
    );
  });

  it("takes each file of several processes once, and never shows a part of one", async () => {
    const [files, bytes, marks] = [6, 400_000, [1, 2, 3]];
    const cwd = await mkdtemp(join(folder, "contend-"));
    const where = place("contend");
    const children = marks.map((mark) => start("putter", cwd, [where, `${mark}`, `${files}`, `${bytes}`]));
    await Promise.all(children.map((child) => until(child, () => child.stderr().includes("ready"))));
    const store = await openStore(where);
    await writeFile(join(cwd, "go"), "");
    const seen: string[] = [];
    while (children.some((child) => child.running())) {
      for (let i = 0; i < files; i++) {
        const found = await store.get(`contended/${i}`);
        if (found !== undefined) seen.push(sha256(found));
      }
    }
    const took = (await Promise.all(children.map((child) => child.ended))).map(
      ({ stdout }) => JSON.parse(stdout) as boolean[],
    );
    for (let i = 0; i < files; i++) {
      const winners = marks.filter((_, child) => took[child]![i]);
      expect(winners).toHaveLength(1);
      expect(sha256((await store.get(`contended/${i}`))!)).toBe(sha256(Buffer.alloc(bytes, winners[0])));
    }
    const wholes = marks.map((mark) => sha256(Buffer.alloc(bytes, mark)));
    expect(seen.filter((digest) => !wholes.includes(digest))).toEqual([]);
  });

  it("is known by an id, the same whoever asks first", async () => {
    const [one, same, other] = await Promise.all(["ids", "ids", "other"].map((name) => openStore(place(name))));
    const [first, second, third] = await Promise.all([one!, same!, other!].map(storeId));
    expect(first).toBe(second);
    expect(third).not.toBe(first);
    await other!.put("store.json", Buffer.from("{}"));
    await expect(storeId(other!)).rejects.toMatchObject({ code: "ARTEFACTS" });
  });

  it("is left without a trace of the trial at its opening", async () => {
    await openStore(place("trial"));
    const left = [...server.files.keys()].filter((name) => name.startsWith("/bucket/trial"));
    expect([...left, ...(await readdir(join(folder, "trial")).catch(() => []))]).toEqual([]);
  });
});

it("what killed writers left in a folder is no file, and goes away when it is old", async () => {
  const store = await openStore(join(folder, "swept"));
  await store.put("kind/a/result", Buffer.from("result"));
  const place = join(folder, "swept", "kind", "a");
  const [recent, old] = [temporaryFor(join(place, "result")), temporaryFor(join(place, "result"))];
  for (const file of [recent, old]) await writeFile(file, "part");
  const hourAgo = new Date(Date.now() - 3_600_000);
  await utimes(old, hourAgo, hourAgo);
  await store.put("kind/a/result", Buffer.from("again"));
  expect((await readdir(place)).sort().map((name) => join(place, name))).toEqual([recent, join(place, "result")]);
});

it.each([
  ["a file", "file", "file is a file, not a folder; choose a folder"],
  [
    "a part of whose path is a file",
    "file/below",
    "file/below: a part of the path is a file, not a folder; choose another",
  ],
  ["where the system allows none", "/proc/distillery", "/proc/distillery: no folder can be made there; choose another"],
])("a folder is refused that is %s", async (_, place, message) => {
  await writeFile(join(folder, "file"), "");
  const refused = openStore(resolve(folder, place));
  await expect(refused).rejects.toMatchObject({ code: "ARTEFACTS" });
  await expect(refused).rejects.toThrow(message);
});
