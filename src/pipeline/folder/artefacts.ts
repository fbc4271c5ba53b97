// The files that a command writes into its folder, and how they are told from others.
import { lstat } from "node:fs/promises";
import { basename } from "node:path";
import { z } from "zod";
import { markdownBeginning } from "../../report/comparison/markdown.ts";
import { pageBeginning } from "../../report/page/page.ts";
import { readRegularFile } from "../../support/files.ts";

/** Tells a file of ours from another of its name. */
interface Look {
  /** The text it begins with, also where it was cut short. */
  readonly begins: string;
  /** The form of a whole one, where it is JSON. */
  readonly fits?: z.ZodType;
}

const formatted = (format: string): Look => ({
  begins: `{\n  "format": "${format}"`,
  fits: z.looseObject({ format: z.literal(format) }),
});

const seconds: Look = { begins: '{\n  "', fits: z.record(z.string(), z.number()) };
const page: Look = { begins: pageBeginning };

/** Every file that a command writes at the top of its folder, besides the recipe. */
const looks: Readonly<Record<string, Look>> = {
  "1-dataset.json": {
    begins: '{\n  "name": ',
    fits: z.looseObject({ name: z.string(), classes: z.int(), classNames: z.array(z.string()) }),
  },
  "teachers.json": formatted("distillery-teachers"),
  "curves.json": {
    begins: '{\n  "curves": ',
    // Runs of earlier versions have the bare list.
    fits: z.looseObject({ curves: z.unknown() }).or(z.array(z.looseObject({ group: z.string(), series: z.unknown() }))),
  },
  "seconds.json": seconds,
  "report.json": formatted("distillery-report"),
  "report.html": page,
  "comparison-seconds.json": seconds,
  "comparison-memory.json": {
    begins: '{\n  "',
    fits: z.record(z.string(), z.looseObject({ bytes: z.number(), by: z.string() })),
  },
  "comparison.json": formatted("distillery-comparison"),
  "comparison.html": page,
  "comparison.md": { begins: markdownBeginning },
};

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

/** Tells whether a file that a run would write over was written by somebody else; one that is damaged counts as ours. */
export const isForeign = async (path: string): Promise<boolean> => {
  const look = looks[basename(path)];
  if (look === undefined) throw new RangeError(`${path} is none of a run's files`);
  // Links are somebody's own, whatever they lead to.
  if (!(await lstat(path)).isFile()) return true;
  const text = String(await readRegularFile(path));
  const value = look.fits && parsed(text);
  if (value !== undefined) return !look.fits!.safeParse(value).success;
  return !text.startsWith(look.begins) && !look.begins.startsWith(text);
};

/** True for the names of such files. */
export const isArtefact = (name: string): boolean => Object.hasOwn(looks, name);
