// A store in a folder that machines share.
import { link, rm } from "node:fs/promises";
import { join } from "node:path";
import { codeOf, exists, readRegularFile, writeAtomic } from "../../support/files.ts";
import { temporaryFor } from "../../support/temporary.ts";
import type { ArtefactStore } from "./store.ts";

/** A store in a folder, which is made where there is none. */
export const folderStore = async (folder: string): Promise<ArtefactStore> => {
  const pathOf = (name: string): string => join(folder, ...name.split("/"));
  return {
    address: folder,
    has: (name) => exists(pathOf(name)),
    get: (name) =>
      readRegularFile(pathOf(name)).catch((cause: unknown) => {
        if (codeOf(cause) === "ENOENT") return undefined;
        throw cause;
      }),
    putIfAbsent: async (name, bytes) => {
      const whole = temporaryFor(pathOf(name));
      await writeAtomic(whole, bytes);
      try {
        await link(whole, pathOf(name));
        return true;
      } catch (cause) {
        if (codeOf(cause) === "EEXIST") return false;
        throw cause;
      } finally {
        await rm(whole, { force: true });
      }
    },
    put: (name, bytes) => writeAtomic(pathOf(name), bytes),
    remove: (name) => rm(pathOf(name), { force: true }),
  };
};
