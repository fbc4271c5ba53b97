import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { folderStore } from "../../src/distributed/artefacts/folder-store.ts";
import type { ArtefactStore } from "../../src/distributed/artefacts/store.ts";
import { artefactOf, fetchResults, publish, withCheckpoints } from "../../src/distributed/transfer.ts";
import { withArtefacts } from "../../src/distributed/with-artefacts.ts";
import { exists } from "../../src/support/files.ts";
import type { KeptJob, Offer } from "../../src/support/work/executor.ts";
import { silent } from "../../src/support/work/progress.ts";

let root: string;
let store: ArtefactStore;
let number = 0;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "distillery-transfer-"));
});
afterAll(() => rm(root, { recursive: true }));
beforeEach(async () => {
  store = await folderStore(join(root, `store-${number++}`));
});

const jobOf = (name: string): KeptJob => ({ kind: "a kind", name, spec: null, key: `key-${name}`, cost: 1 });
const jobs = [jobOf("0"), jobOf("1")];
const [first, second] = jobs as [KeptJob, KeptJob];

/** Jobs whose results are whole where they begin with their key; `made` are those that were made here. */
const offerIn = async (machine: string, made: KeptJob[] = []): Promise<Offer> => {
  const folder = join(root, `${machine}-${number}`);
  await mkdir(folder, { recursive: true });
  const files: Offer["files"] = ({ name }) => ({
    result: `${name}.out`,
    beside: [`${name}-seconds`],
    checkpoints: [`${name}.partial`],
  });
  const missing: Offer["missing"] = async () => {
    const texts = await Promise.all(
      jobs.map((job) => readFile(join(folder, files(job).result), "utf8").catch(() => "")),
    );
    return jobs.filter(({ key }, i) => !texts[i]!.startsWith(key));
  };
  const make = async (job: KeptJob): Promise<void> => {
    made.push(job);
    await writeFile(join(folder, files(job).result), `${job.key} by ${machine}`);
    await writeFile(join(folder, `${job.name}-seconds`), machine);
  };
  return {
    ...{ folder, jobs, files, missing },
    bytes: () => 1,
    open: async () => ({ make, close: async () => undefined }),
    here: async (told) => {
      for (const job of await missing()) {
        await make(job);
        await told?.(job);
      }
    },
    advance: () => undefined,
  };
};

const textIn = ({ folder }: Offer, name: string): Promise<string> => readFile(join(folder, name), "utf8");

describe("results", () => {
  it("are made on one machine and come to the next with what is told beside them", async () => {
    const [madeHere, madeThere]: [KeptJob[], KeptJob[]] = [[], []];
    const [here, there] = [await offerIn("here", madeHere), await offerIn("there", madeThere)];
    await withArtefacts(store).run(here);
    await withArtefacts(store).run(there);
    expect([madeHere, madeThere]).toEqual([jobs, []]);
    expect(await textIn(there, "1.out")).toBe("key-1 by here");
    expect(await textIn(there, "1-seconds")).toBe("here");
  });

  it("stay as they were first published", async () => {
    const [here, there] = [await offerIn("here"), await offerIn("there")];
    for (const offer of [here, there]) await offer.here((job) => publish(store, offer, job));
    await rm(there.folder, { recursive: true });
    await mkdir(there.folder);
    expect(await fetchResults(store, there)).toEqual([]);
    expect(await textIn(there, "0.out")).toBe("key-0 by here");
    expect(await textIn(there, "0-seconds")).toBe("here");
  });

  it("that were there before there was a store are published too", async () => {
    const [here, there] = [await offerIn("here"), await offerIn("there")];
    await here.here();
    await withArtefacts(store).run(here);
    expect(await fetchResults(store, there)).toEqual([]);
    expect([await textIn(there, "1.out"), await textIn(there, "1-seconds")]).toEqual(["key-1 by here", "here"]);
  });

  it("that are damaged are removed with what is beside them, and made again", async () => {
    const [here, made] = [await offerIn("here"), [] as KeptJob[]];
    await withArtefacts(store).run(here);
    await store.put(artefactOf(first), Buffer.from("rotted"));
    const there = await offerIn("there", made);
    expect(await fetchResults(store, there)).toEqual([first]);
    expect(await store.has(artefactOf(first))).toBe(false);
    await withArtefacts(store).run(there);
    expect(made).toEqual([first]);
    const third = await offerIn("third");
    expect(await fetchResults(store, third)).toEqual([]);
    expect([await textIn(third, "0.out"), await textIn(third, "0-seconds")]).toEqual(["key-0 by there", "there"]);
  });

  it("that are asked for are looked for alone", async () => {
    const here = await offerIn("here");
    await withArtefacts(store).run(here);
    const there = await offerIn("there");
    expect(await fetchResults(store, there, new Set([second]))).toEqual([]);
    expect((await readdir(there.folder)).sort()).toEqual(["1-seconds", "1.out"]);
  });
});

describe("a checkpoint", () => {
  it("goes on at another place, and goes away with the result", async () => {
    const [here, there] = [await offerIn("here"), await offerIn("there")];
    const stopped = withCheckpoints(store, here, first, async () => {
      await writeFile(join(here.folder, "0.partial"), "half");
      throw new Error("stopped");
    });
    await expect(stopped).rejects.toThrow("stopped");
    await withCheckpoints(store, there, first, async () => {
      expect(await textIn(there, "0.partial")).toBe("half");
      const { make } = await there.open(1);
      await make(first, { progress: silent, signal: new AbortController().signal }, () => undefined);
    });
    await publish(store, there, first);
    expect(await exists(join(there.folder, "0.partial"))).toBe(false);
    const third = await offerIn("third");
    await withCheckpoints(store, third, first, async () => {
      expect(await readdir(third.folder)).toEqual([]);
    });
  });

  it("is there while its job goes on, though the store fails for a while", async () => {
    const here = await offerIn("here");
    let fails = 1;
    const puts: string[] = [];
    const failing: ArtefactStore = {
      ...store,
      put: async (name, bytes) => {
        puts.push(name);
        if (fails-- > 0) throw new Error("no answer");
        await store.put(name, bytes);
      },
    };
    await withCheckpoints(failing, here, first, async () => {
      await writeFile(join(here.folder, "0.partial"), "half");
      const there = await offerIn("there");
      for (let found = ""; found !== "half"; ) {
        await withCheckpoints(store, there, first, async () => {
          found = await textIn(there, "0.partial").catch(() => "");
        });
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    });
    expect(puts).toHaveLength(2);
  });
});
