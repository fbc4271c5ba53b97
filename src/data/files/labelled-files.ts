// Images of one flat folder, with classes from a list.
import { codePointOrder } from "../../support/code-point-order.ts";
import { DistilleryError } from "../../support/errors.ts";
import { folderFiles } from "./file-list.ts";
import { isImageName, namesIn } from "./folder-entries.ts";
import { type Listing, listingOf } from "./image-listing.ts";

/** The class that a list gives one image file. */
export interface FileLabel {
  readonly file: string;
  readonly wnid: string;
  /** Its place in the list, e.g. "val_annotations.txt, line 17". */
  readonly where: string;
}

const andMore = (count: number): string => (count > 1 ? ` (and ${count - 1} more such files)` : "");

/**
 * The images of one flat folder, with their classes from a list. Images that the list does not name are passed over.
 * `advice` ends the messages. Throws DATA when the list names a class that is not in `classes`, a file that is not there or
 * one file twice, and when a class is left without an image.
 */
export const listLabelled = async (
  folder: string,
  labelled: readonly FileLabel[],
  classes: readonly string[],
  advice: string,
): Promise<Listing> => {
  const fail = (what: string): DistilleryError => new DistilleryError("DATA", `${what}; ${advice}`);
  const present = new Set((await namesIn(folder)).filter(isImageName));
  const ofClass = new Map<string, string[]>(classes.map((name) => [name, []]));

  const unknown = labelled.filter(({ wnid }) => !ofClass.has(wnid));
  if (unknown[0]) {
    const { where, file, wnid } = unknown[0];
    throw fail(
      `${where}: gives ${file} the class "${wnid}", which is none of the ${classes.length} that have training images${andMore(unknown.length)}`,
    );
  }
  const missing = labelled.filter(({ file }) => !present.has(file));
  if (missing[0]) {
    throw fail(`${missing[0].where}: names ${missing[0].file}, which is not in ${folder}${andMore(missing.length)}`);
  }
  const seen = new Set<string>();
  for (const { file, wnid, where } of labelled) {
    if (seen.has(file)) throw fail(`${where}: names ${file} a second time`);
    seen.add(file);
    ofClass.get(wnid)!.push(file);
  }
  const empty = classes.find((name) => ofClass.get(name)!.length === 0);
  if (empty !== undefined) throw fail(`${folder}: class "${empty}" has no image there`);

  const example = [...present].find((name) => !seen.has(name));
  return listingOf(
    classes,
    classes.map((name) => [folderFiles(folder, ofClass.get(name)!.sort(codePointOrder))]),
    { count: present.size - seen.size, ...(example !== undefined && { example: `${folder}/${example}` }) },
  );
};
