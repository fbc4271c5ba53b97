// Checks that a folder may be replaced by a set.
import { lstat } from "node:fs/promises";
import { join, relative } from "node:path";
import { z } from "zod";
import { DistilleryError } from "../support/errors.ts";
import { readRegularFile, sha256 } from "../support/files.ts";
import { isLitter } from "../support/litter.ts";
import { cardName, isCard } from "./card.ts";
import { listFolder, unlistedFiles } from "./files.ts";
import { isSetFile, manifestName } from "./manifest/manifest.ts";
import { newest } from "./manifest/versions.ts";
import { readManifest } from "./read.ts";

const ourHead = z.looseObject({ format: z.literal("distillery-set"), version: z.int().max(newest) });
const beginning = '{\n  "format": "distillery-set"';

/** Tells whether a manifest that cannot be used was once written here: it was cut short, or holds wrong values. */
const wasOurs = (text: string): boolean => {
  try {
    return ourHead.safeParse(JSON.parse(text)).success;
  } catch {
    return text.startsWith(beginning) || beginning.startsWith(text);
  }
};

/** The card where somebody has edited it: its hash is another, or, where that is not known, its beginning. */
const editedCard = async (folder: string, hash?: string): Promise<string[]> => {
  const text = await readRegularFile(join(folder, cardName)).catch(() => undefined);
  if (text === undefined) return [];
  return (hash === undefined ? isCard(String(text)) : sha256(text) === hash) ? [] : [cardName];
};

/** The files that would be lost with the folder; undefined where its manifest was not written here. */
const foreignFiles = async (folder: string): Promise<string[] | undefined> => {
  const whole = await readManifest(folder).catch(() => undefined);
  if (whole !== undefined) {
    return [
      ...(await unlistedFiles(folder, whole.manifest)),
      ...(await editedCard(folder, whole.manifest.card?.sha256)),
    ];
  }
  const text = await readRegularFile(join(folder, manifestName)).catch(() => undefined);
  if (text === undefined || !wasOurs(String(text))) return undefined;
  const entries = await listFolder(folder, { recursive: true });
  return entries
    .filter((entry) => !entry.isDirectory() && !isLitter(entry.name))
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).replaceAll("\\", "/"))
    .filter((path) => path !== cardName && !isSetFile(path))
    .concat(await editedCard(folder));
};

/**
 * Tells whether there is a folder to be replaced: of a set, whole or damaged, or without files.
 * @throws DistilleryError SET when something else is there, a set into which somebody put files of their own, or what cannot be
 * listed.
 */
export const checkSetPlace = async (folder: string): Promise<boolean> => {
  const found = await lstat(folder).catch(() => undefined);
  if (found === undefined) return false;
  const refuse = (why: string): DistilleryError =>
    new DistilleryError(
      "SET",
      `${folder} exists and ${why}; move or delete it and run again, or choose another folder`,
    );
  if (found.isSymbolicLink()) throw refuse("is a link, not a folder");
  if (!found.isDirectory()) throw refuse(`is ${found.isFile() ? "a file" : "a pipe, a socket or a device"}`);
  if ((await listFolder(folder)).every(({ name }) => isLitter(name))) return true;
  const foreign = await foreignFiles(folder);
  if (foreign === undefined) throw refuse("is not a distilled set of this version");
  if (foreign[0] !== undefined) throw refuse(`holds ${foreign[0]}, which would be lost`);
  return true;
};
