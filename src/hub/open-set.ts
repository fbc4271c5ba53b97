// Opening a set wherever it lies: a folder as it is, one from elsewhere fetched into the cache.
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { type DownloadOptions, download } from "../data/download/download.ts";
import { forEachIndex } from "../data/files/lanes.ts";
import { defaultCache } from "../data/sources/source.ts";
import { cardName, cardOf } from "../sets/card.ts";
import { manifestName, parseManifest } from "../sets/manifest/manifest.ts";
import { DistilleryError } from "../support/errors.ts";
import { readRegularFile, sha256, writeAtomic } from "../support/files.ts";
import { formatBytes } from "../support/format.ts";
import type { Context } from "../support/work/context.ts";
import { absurdity, longestFetchedManifest } from "./absurdity.ts";
import { addressForms, fileUrl, type HubAddress, isAddress, parseAddress } from "./address.ts";
import { hubToken } from "./token.ts";

/** Advice behind the message of a failed download. */
const advice = (address: HubAddress | URL, token: string | undefined): string => {
  if (address instanceof URL) return `expected ${addressForms}`;
  const who =
    token === undefined
      ? "no token was found: HF_TOKEN or `hf auth login` gives one"
      : "the token found may not read it";
  return `on the Hub 401, 403 and 404 mean a data set that does not exist, holds no ${manifestName} there, or is private (${who})`;
};

const fetchSet = async (where: string, { progress, signal }: Context): Promise<string> => {
  const address = parseAddress(where);
  const token = address instanceof URL ? undefined : await hubToken();
  const options: Omit<DownloadOptions, "within"> = {
    progress,
    otherwise: advice(address, token),
    ...(token !== undefined && { headers: { authorization: `Bearer ${token}` } }),
    ...(signal && { signal }),
  };
  const cache = join(defaultCache(), "sets");
  const manifestUrl = fileUrl(address, manifestName);
  const arriving = join(cache, `.arriving-${process.pid}-${sha256(manifestUrl).slice(0, 16)}`);
  const bytes = await download(manifestUrl, join(arriving, manifestName), {
    ...options,
    within: [2, longestFetchedManifest],
  })
    .then(() => readRegularFile(join(arriving, manifestName), longestFetchedManifest))
    .finally(() => rm(arriving, { recursive: true, force: true }));
  const manifest = parseManifest(bytes, manifestUrl);
  const absurd = absurdity(manifest);
  if (absurd !== undefined) throw new DistilleryError("SET", `${manifestUrl}: ${absurd}; it is not fetched`);
  const folder = join(cache, sha256(bytes).slice(0, 32));
  const parts = Object.entries(manifest.parts);
  const total = parts.reduce((sum, [, part]) => sum + part.bytes, 0);
  progress.note(`${where}: ${formatBytes(total)} in ${parts.length} parts, kept in ${folder}`);
  await forEachIndex(parts.length, async (i) => {
    const [path, part] = parts[i]!;
    const within = [part.bytes, part.bytes] as const;
    await download(fileUrl(address, path), join(folder, path), {
      ...options,
      within,
      checksum: { sha256: part.sha256 },
    });
  });
  if (manifest.card !== undefined) await writeAtomic(join(folder, cardName), cardOf(manifest));
  // Last, as a set is written: a folder with a manifest is whole.
  await writeAtomic(join(folder, manifestName), bytes);
  return folder;
};

/**
 * The folder of a set: `where` itself, or for hf://USER/NAME and https:// addresses one in the cache, with exactly the files
 * that its manifest lists, each checked by size before and by sha256 after it came. Files that came before are not fetched
 * again, broken ones are taken up where they broke.
 * @throws DistilleryError SET (no address, no manifest, one of absurd sizes), DOWNLOAD, DISK, INTERRUPTED.
 */
export const openSetAt = async (where: string, context: Context): Promise<string> =>
  isAddress(where) ? fetchSet(where, context) : where;
