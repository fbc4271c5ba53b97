// Opening a store of artefacts by its address.
import { randomBytes } from "node:crypto";
import { resolve } from "node:path";
import { folderStore } from "./folder-store.ts";
import type { ArtefactStore } from "./store.ts";

export const openStore = async (where: string): Promise<ArtefactStore> => folderStore(resolve(where));

/** The random name of a store, by which processes know that they share one. */
export const storeId = async (store: ArtefactStore): Promise<string> => {
  await store.putIfAbsent("store.json", new TextEncoder().encode(randomBytes(16).toString("hex")));
  return new TextDecoder().decode(await store.get("store.json"));
};
