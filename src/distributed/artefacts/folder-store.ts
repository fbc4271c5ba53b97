// A folder as the store of artefacts.
import { link, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { codeOf, exists, makeFolder, readRegularFile, writeAtomic } from "../../support/files.ts";
import { temporaryFor } from "../../support/temporary.ts";
import type { ArtefactStore } from "./store.ts";

export const folderStore = (folder: string): ArtefactStore => {
  const at = (name: string): string => join(folder, name);
  return {
    address: folder,
    has: (name) => exists(at(name)),
    get: (name) =>
      readRegularFile(at(name)).catch((cause: unknown) => {
        if (codeOf(cause) === "ENOENT") return undefined;
        throw cause;
      }),
    put: (name, bytes) => writeAtomic(at(name), bytes),
    putIfAbsent: async (name, bytes) => {
      await makeFolder(dirname(at(name)));
      const whole = temporaryFor(at(name));
      await writeAtomic(whole, bytes);
      try {
        await link(whole, at(name));
        return true;
      } catch (cause) {
        if (codeOf(cause) === "EEXIST") return false;
        throw cause;
      } finally {
        await rm(whole, { force: true });
      }
    },
    remove: (name) => rm(at(name), { force: true }),
  };
};
