import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { sha256 } from "../../src/support/files.ts";
import { filesIn } from "../pipeline/tiny.ts";

/** Accounts of time and memory, which no two runs have in common. */
const accounts = /(^|-)(seconds|memory)\.json$/;

const withoutAccounts = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(withoutAccounts);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name]) => !/seconds|memory/i.test(name))
      .map(([name, below]) => [name, withoutAccounts(below)]),
  );
};

/** A page without what it says of time and memory: seconds, bytes of memory, shares and widths of bars. */
const withoutTimes = (page: string): string =>
  page
    .replaceAll(/<table[^>]*><caption>Training one student<\/caption>.*?<\/table>/gs, "")
    .replaceAll(/ ?A student takes .*?(faster|slower)\./g, "")
    .replaceAll(/[\d.,]+ times (faster|slower)/g, "#")
    .replaceAll(/\d[\d.,]*\s*(s|ms|min|h|MB|MiB|GB|GiB|%)(?![\w-])/g, "#")
    .replaceAll(/(width|left):#/g, "#");

/** Content of a file in a run's folder; reports name the folder. */
const contentOf = async (folder: string, path: string): Promise<string> => {
  const bytes = await readFile(join(folder, path));
  const text = (): string => bytes.toString().replaceAll(folder, "OUT");
  if (/(report|comparison|teachers)\.json$/.test(path)) return JSON.stringify(withoutAccounts(JSON.parse(text())));
  if (/\.(html|md)$/.test(path)) return withoutTimes(text());
  return sha256(bytes);
};

/** Everything in a run's folder that must not depend on what happened on the way. */
export type Results = Readonly<Record<string, string>>;

/** Of a folder that was given to --out by this very path. */
export const resultsIn = async (folder: string): Promise<Results> => {
  const paths = (await filesIn(folder)).filter((path) => !accounts.test(path));
  return Object.fromEntries(
    await Promise.all(paths.map(async (path) => [path, await contentOf(folder, path)] as const)),
  );
};

/** The files in which two results differ, some of them by name; undefined where there are none. */
export const differenceOf = (found: Results, expected: Results): string | undefined => {
  if (isDeepStrictEqual(found, expected)) return undefined;
  const paths = [...new Set([...Object.keys(found), ...Object.keys(expected)])].sort();
  const different = paths.filter((path) => found[path] !== expected[path]);
  const say = (path: string): string =>
    `${path}${found[path] === undefined ? " missing" : expected[path] === undefined ? " left over" : ""}`;
  return `${different.length} files differ: ${different.slice(0, 3).map(say).join(", ")}`;
};
