// Jobs' files on their way between a folder and the store of artefacts, named there by kind and key.
import { rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { readRegularFile, writeAtomic } from "../support/files.ts";
import type { KeptJob, Offer } from "../support/work/executor.ts";
import type { ArtefactStore } from "./artefacts/store.ts";

/** The place of a job's files: the same whatever a command calls the job. */
const placeOf = ({ kind, key }: Pick<KeptJob, "kind" | "key">): string => `${kind.replace(/[^\w-]/g, "-")}/${key}`;

/** The name of a job's result in the store. */
export const artefactOf = (job: Pick<KeptJob, "kind" | "key">): string => `${placeOf(job)}/result`;

/** The other files of a job by name, in the folder and in the store. */
const others = (offer: Offer, job: KeptJob, which: "beside" | "checkpoints") =>
  offer.files(job)[which].map((name, i) => ({
    file: join(offer.folder, name),
    artefact: `${placeOf(job)}/${which}-${i}`,
  }));

const bytesOf = (file: string): Promise<Uint8Array | undefined> => readRegularFile(file).catch(() => undefined);

const download = async (store: ArtefactStore, artefact: string, file: string): Promise<boolean> => {
  const bytes = await store.get(artefact);
  if (bytes !== undefined) await writeAtomic(file, bytes);
  return bytes !== undefined;
};

/** Jobs whose files travel side by side: most of the time of each is its way. */
const sideBySide = 8;

const forAll = async (jobs: Iterable<KeptJob>, one: (job: KeptJob) => Promise<void>): Promise<void> => {
  const left = [...jobs];
  const take = async (): Promise<void> => {
    for (let job = left.shift(); job !== undefined; job = left.shift()) await one(job);
  };
  await Promise.all(Array.from({ length: sideBySide }, take));
};

/** Publishes a result that lies in the folder, and takes its checkpoints away; one that is there already stays. */
export const publish = async (store: ArtefactStore, offer: Offer, job: KeptJob): Promise<void> => {
  if (await store.has(artefactOf(job))) return;
  for (const { file, artefact } of others(offer, job, "beside")) {
    const bytes = await bytesOf(file);
    if (bytes !== undefined) await store.putIfAbsent(artefact, bytes);
  }
  // Last: where it is, everything is.
  await store.putIfAbsent(artefactOf(job), await readRegularFile(join(offer.folder, offer.files(job).result)));
  for (const { artefact } of others(offer, job, "checkpoints")) await store.remove(artefact);
};

/** Fetches what was published of a job, the result last; false where there is none. */
const fetchOne = async (store: ArtefactStore, offer: Offer, job: KeptJob): Promise<boolean> => {
  const result = await store.get(artefactOf(job));
  if (result === undefined) return false;
  for (const { file, artefact } of others(offer, job, "beside")) await download(store, artefact, file);
  await writeAtomic(join(offer.folder, offer.files(job).result), result);
  return true;
};

/** Removes what was published of a job. */
const unpublish = async (store: ArtefactStore, offer: Offer, job: KeptJob): Promise<void> => {
  await store.remove(artefactOf(job));
  for (const { artefact } of others(offer, job, "beside")) await store.remove(artefact);
};

/**
 * Fetches the results of an offer that are not in its folder, and returns the jobs that have none yet. Results
 * that are damaged are removed, so that they are made again.
 */
export const fetchResults = async (
  store: ArtefactStore,
  offer: Offer,
  of?: ReadonlySet<KeptJob>,
): Promise<KeptJob[]> => {
  const missing = of === undefined ? await offer.missing() : [...of];
  const fetched = new Set<KeptJob>();
  await forAll(missing, async (job) => {
    if (await fetchOne(store, offer, job)) fetched.add(job);
  });
  const damaged = fetched.size === 0 ? [] : await offer.missing([...fetched]);
  for (const job of damaged) {
    fetched.delete(job);
    await unpublish(store, offer, job);
  }
  return missing.filter((job) => !fetched.has(job));
};

/** Fetches results that are missing in the folder, publishes those that are there, and returns the jobs that have none yet. */
export const exchange = async (store: ArtefactStore, offer: Offer): Promise<KeptJob[]> => {
  const missing = new Set(await offer.missing());
  const there = offer.jobs.filter((job) => !missing.has(job));
  await forAll(there, (job) => publish(store, offer, job));
  return fetchResults(store, offer, missing);
};

/** Milliseconds between looks at a job's checkpoints. */
export const usualLook = 2_000;

/**
 * Takes up a job's checkpoints from the store, and puts those that `work` writes there while it goes on; `look` milliseconds lie
 * between two looks for them.
 */
export const withCheckpoints = async (
  store: ArtefactStore,
  offer: Offer,
  job: KeptJob,
  work: () => Promise<void>,
  look = usualLook,
): Promise<void> => {
  const checkpoints = others(offer, job, "checkpoints");
  const written = new Map<string, number>();
  const timeOf = async (file: string): Promise<number | undefined> =>
    (await stat(file).catch(() => undefined))?.mtimeMs;
  for (const { file, artefact } of checkpoints) {
    await download(store, artefact, file);
    const time = await timeOf(file);
    if (time !== undefined) written.set(file, time);
  }
  let copying = Promise.resolve();
  const copy = async (): Promise<void> => {
    for (const { file, artefact } of checkpoints) {
      const time = await timeOf(file);
      if (time === undefined || time === written.get(file)) continue;
      const bytes = await bytesOf(file);
      if (bytes === undefined) continue;
      await store.put(artefact, bytes);
      written.set(file, time);
    }
  };
  const timer = setInterval(() => {
    // A store that fails for a while costs the work since the last checkpoint that it took, not the job.
    copying = copying.then(copy).catch(() => undefined);
  }, look);
  try {
    await work();
  } catch (error) {
    clearInterval(timer);
    await copying.then(copy).catch(() => undefined);
    throw error;
  } finally {
    clearInterval(timer);
    await copying;
  }
  for (const { file } of checkpoints) await rm(file, { force: true });
};
