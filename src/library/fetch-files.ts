// The files of a set from its address, into memory.

import { absurdity, longestFetchedManifest } from "../hub/absurdity.ts";
import { fileUrl, isAddress, parseAddress } from "../hub/address.ts";
import type { SetFiles } from "../sets/from-files.ts";
import { manifestName, parseManifest } from "../sets/manifest/manifest.ts";
import { DistilleryError, reasonOf } from "../support/errors.ts";
import { contextOf, type WorkOptions } from "./work.ts";

/** A page or its worker has a location, Node none. */
interface Surroundings {
  readonly location?: { readonly href: string };
  readonly fetch: typeof fetch;
}

/** A whole file of at most `most` bytes. */
const fetchFile = async (url: string, most: number, signal: AbortSignal | undefined): Promise<Uint8Array> => {
  const failed = (why: string): DistilleryError => new DistilleryError("DOWNLOAD", `cannot fetch ${url}: ${why}`);
  try {
    const response = await fetch(url, { signal: signal ?? null });
    if (!response.ok) throw failed(`the server answers ${response.status} ${response.statusText}`.trim());
    const pieces: Uint8Array<ArrayBuffer>[] = [];
    const reader = response.body!.getReader();
    for (let length = 0; ; ) {
      const { done, value } = await reader.read();
      if (done) return new Uint8Array(await new Blob(pieces).arrayBuffer());
      length += value.length;
      if (length > most) {
        await reader.cancel();
        throw failed(`it has more than the ${most} bytes that it may have`);
      }
      pieces.push(value);
    }
  } catch (cause) {
    if (cause instanceof DistilleryError) throw cause;
    if (signal?.aborted) throw new DistilleryError("INTERRUPTED", `${url}: stopped`);
    throw failed(`${reasonOf(cause)}; its server must allow this page's origin (CORS)`);
  }
};

/**
 * Exactly the files that the manifest at an address lists; their content is still to be checked. A relative address is one
 * beside the page.
 * @throws DistilleryError SET (no address, no manifest, one of absurd sizes), DOWNLOAD, INTERRUPTED.
 */
export const fetchFiles = async (where: string, options: WorkOptions): Promise<SetFiles> => {
  const { progress, signal } = contextOf(options);
  const { location }: Surroundings = globalThis;
  const address = parseAddress(isAddress(where) || location === undefined ? where : new URL(where, location.href).href);
  const manifestUrl = fileUrl(address, manifestName);
  const bytes = await fetchFile(manifestUrl, longestFetchedManifest, signal);
  const manifest = parseManifest(bytes, manifestUrl);
  const absurd = absurdity(manifest);
  if (absurd !== undefined) throw new DistilleryError("SET", `${manifestUrl}: ${absurd}; it is not fetched`);
  const parts = Object.entries(manifest.parts);
  const task = progress.task(
    "set",
    parts.reduce((sum, [, part]) => sum + part.bytes, 0),
  );
  const files: Record<string, Uint8Array> = { [manifestName]: bytes };
  let done = 0;
  try {
    // A browser has a few on their way at a time.
    await Promise.all(
      parts.map(async ([path, part]) => {
        files[path] = await fetchFile(fileUrl(address, path), part.bytes, signal);
        done += part.bytes;
        task.update(done);
      }),
    );
    return files;
  } finally {
    task.done();
  }
};
