// Hidden folders in which sets are written or replaced.
import { readdir, rm } from "node:fs/promises";
import { hostname } from "node:os";
import { basename, dirname, join } from "node:path";
import { exists } from "../support/files.ts";
import { isProcess } from "../support/running.ts";
import { manifestName } from "./manifest/manifest.ts";

/** Hidden folders beside a set: a new one that is being written, an old one that is being replaced. */
type Kind = "writing" | "old";

/** Such a folder of this process. */
export const stagingFor = (set: string, kind: Kind): string =>
  join(dirname(set), `.${basename(set)}.${kind}-${hostname()}-${process.pid}`);

interface Staging {
  readonly set: string;
  readonly kind: Kind;
  readonly host: string;
  readonly pid: number;
}

const stagingOf = (name: string): Staging | undefined => {
  const [, set, kind, host, pid] = /^\.(.+)\.(writing|old)-(.+)-(\d+)$/.exec(name) ?? [];
  return set === undefined || host === undefined ? undefined : { set, kind: kind as Kind, host, pid: Number(pid) };
};

/** The name of the set that a folder of this name is of; undefined for any other name. */
export const isStaging = (name: string): string | undefined => stagingOf(name)?.set;

const removeWhere = async (place: string, which: (staging: Staging) => boolean | Promise<boolean>): Promise<void> => {
  for (const entry of await readdir(place, { withFileTypes: true }).catch(() => [])) {
    const staging = entry.isDirectory() ? stagingOf(entry.name) : undefined;
    if (staging !== undefined && (await which(staging))) {
      await rm(join(place, entry.name), { recursive: true, force: true });
    }
  }
};

/** Removes those of a set that this process or killed ones of this machine left behind. */
export const sweepOwn = (set: string, kind: Kind): Promise<void> =>
  removeWhere(dirname(set), (staging) => {
    if (staging.set !== basename(set) || staging.kind !== kind || staging.host !== hostname()) return false;
    return staging.pid === process.pid || !isProcess(staging.pid);
  });

/**
 * Removes those of all machines in a folder, of one set or of all. Only for who knows that nobody else writes sets there: a
 * container's name is never seen again. An old set stays where the new one does not stand yet.
 */
export const sweepStaging = (place: string, only?: string): Promise<void> =>
  removeWhere(place, async ({ set, kind }) => {
    if (only !== undefined && set !== only) return false;
    return kind === "writing" || (await exists(join(place, set, manifestName)));
  });
