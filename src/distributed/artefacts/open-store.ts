// Opening the store that an address names.
import { folderStore } from "./folder-store.ts";
import type { ArtefactStore } from "./store.ts";

export const openStore = (where: string): Promise<ArtefactStore> => folderStore(where);
