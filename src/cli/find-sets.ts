// Sets in the folder of a run or a comparison.
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { exists } from "../support/files.ts";

const isSet = (folder: string): Promise<boolean> => exists(join(folder, "manifest.json"));

/**
 * The sets that a folder stands for: itself, or the one of a run, or those of a comparison. Itself where there are none, for
 * whoever reads it to say what is wrong.
 */
export const findSets = async (folder: string): Promise<readonly string[]> => {
  if (await isSet(folder)) return [folder];
  const names = await readdir(join(folder, "sets")).catch(() => []);
  const places = [join(folder, "4-set"), ...names.sort().map((name) => join(folder, "sets", name))];
  const found: string[] = [];
  for (const place of places) if (await isSet(place)) found.push(place);
  return found.length > 0 ? found : [folder];
};
