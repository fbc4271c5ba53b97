// Opening the store that an address names, and trying whether it is fit.
import { randomBytes, randomUUID } from "node:crypto";
import { resolve } from "node:path";
import { z } from "zod";
import { DistilleryError } from "../../support/errors.ts";
import { folderStore } from "./folder-store.ts";
import { s3Settings } from "./s3-settings.ts";
import { s3Store } from "./s3-store.ts";
import type { ArtefactStore } from "./store.ts";

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Tries whether files can be put, read and removed, and whether a second of a name is refused. @throws ARTEFACTS */
const probe = async (store: ArtefactStore): Promise<void> => {
  const name = `probe-${randomBytes(8).toString("hex")}`;
  const [first, second] = ["first", "second"].map(utf8) as [Uint8Array, Uint8Array];
  // Asks before anything is put: where reading is refused nothing is left.
  await store.get(name);
  try {
    await store.putIfAbsent(name, first);
    const refused = !(await store.putIfAbsent(name, second));
    const found = await store.get(name);
    if (refused && found !== undefined && Buffer.compare(found, first) === 0) return;
    throw new DistilleryError(
      "ARTEFACTS",
      `${store.address}: its server ignores If-None-Match, so that a result could replace another; choose one that keeps what is there, as AWS, MinIO and versitygw do, or a shared folder`,
    );
  } finally {
    await store.remove(name);
  }
};

/**
 * Opens a folder or `s3://bucket/prefix`. The address of a folder is its whole path, as processes elsewhere are told of it. An
 * S3 server is asked but thrice here, so that a wrong address is told of soon; later on its silence is borne for most of a
 * minute.
 * @throws ARTEFACTS where it cannot be used.
 */
export const openStore = async (where: string): Promise<ArtefactStore> => {
  if (where.startsWith("s3://")) {
    const settings = await s3Settings(where);
    await probe(s3Store(settings, { retries: 2 }));
    return s3Store(settings);
  }
  const scheme = /^[a-z][a-z\d+.-]*:\/\//i.exec(where)?.[0];
  if (scheme !== undefined) {
    throw new DistilleryError("ARTEFACTS", `${scheme}... is no store; expected a folder or s3://BUCKET/PREFIX`);
  }
  const store = await folderStore(resolve(where));
  await probe(store);
  return store;
};

const markName = "store.json";
const markSchema = z.object({ id: z.string().min(1) });

/** Tells a store from all others: the id that the first who asks puts there. */
export const storeId = async (store: ArtefactStore): Promise<string> => {
  await store.putIfAbsent(markName, utf8(`${JSON.stringify({ id: randomUUID() })}\n`));
  const text = Buffer.from((await store.get(markName)) ?? []).toString("utf8");
  try {
    return markSchema.parse(JSON.parse(text)).id;
  } catch (cause) {
    throw new DistilleryError(
      "ARTEFACTS",
      `${store.address}: its ${markName} is not of distillery; choose another place, or move that file elsewhere`,
      { cause },
    );
  }
};
