// WordNet's identifiers and the words they stand for.
import { DistilleryError } from "../../../support/errors.ts";
import { codeOf, readRegularFile, reasonOf } from "../../../support/files.ts";
import { decodeText } from "../../../support/text.ts";

/** Identifiers of WordNet's nouns, as ImageNet and what was cut from it name their classes. */
const wnid = /^n\d{8}$/;

export const isWnid = (text: string): boolean => wnid.test(text);

/** The longest lists that publishers give, Kaggle's of ImageNet's boxes, are below 30 MB. */
const mostBytes = 64 * 2 ** 20;

/** The lines of a text file that are not empty, with their numbers from 1. Undefined where there is no such file. */
export const linesOf = async (
  file: string,
): Promise<readonly { readonly text: string; readonly number: number }[] | undefined> => {
  let content: string;
  try {
    content = decodeText(await readRegularFile(file, mostBytes));
  } catch (cause) {
    if (["ENOENT", "ENOTDIR"].includes(codeOf(cause))) return undefined;
    throw new DistilleryError("DATA", `${file}: cannot be read (${reasonOf(cause)})`, { cause });
  }
  return content
    .split(/\r?\n/)
    .map((text, i) => ({ text: text.trim(), number: i + 1 }))
    .filter(({ text }) => text !== "");
};

/** Reads the words for some identifiers from a file of lines `n01443537 <tab or space> goldfish, Carassius auratus`. */
export const readWords = async (file: string, classes: readonly string[]): Promise<string[] | undefined> => {
  const lines = await linesOf(file);
  if (lines === undefined) return undefined;
  // words.txt of the publishers knows all nouns of WordNet: only those asked for are kept.
  const wanted = new Set(classes);
  const words = new Map<string, string>();
  for (const { text } of lines) {
    const id = text.slice(0, 9);
    // map_clsloc.txt has a number between the identifier and the words, and underscores in them.
    const said = text.slice(9).trim();
    const numbered = /^\d+\s+(\S+)$/.exec(said);
    if (wanted.has(id)) words.set(id, numbered?.[1]?.replaceAll("_", " ") ?? said);
  }
  return classes.map((id) => words.get(id) || id);
};
