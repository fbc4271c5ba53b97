import type { z } from "zod";
import { codeOf, readRegularFile, sha256, writeJson } from "./files.ts";
import type { Progress } from "./progress.ts";

/** Told of a file that is damaged, and therefore as good as not there. */
export type Damaged = (path: string) => void;

/** Says so of what is then made anew. */
export const noteDamage =
  ({ note }: Pick<Progress, "note">): Damaged =>
  (path) =>
    note(`${path} is damaged: it is made anew`);

const parse = async (path: string, damaged: Damaged): Promise<unknown> => {
  try {
    return JSON.parse(String(await readRegularFile(path)));
  } catch (cause) {
    if (codeOf(cause) !== "ENOENT") damaged(path);
    return undefined;
  }
};

/** Reads what `writeJson` wrote; undefined where there is none or it does not fit. Only for what can be made again. */
export const readJson = async <T>(
  path: string,
  schema: z.ZodType<T>,
  damaged: Damaged = () => undefined,
): Promise<T | undefined> => {
  const value = await parse(path, damaged);
  if (value === undefined) return undefined;
  const { success, data } = schema.safeParse(value);
  if (!success) damaged(path);
  return data;
};

/** Writes JSON with the sha256 of its content in a field of its own, by which readSealed sees what rotted. */
export const writeSealed = (path: string, value: Readonly<Record<string, unknown>>): Promise<void> =>
  writeJson(path, { ...value, sha256: sha256(JSON.stringify(value)) });

/** Reads what `writeSealed` wrote; undefined where there is none, or it is not as it was written or does not fit. */
export const readSealed = async <T>(
  path: string,
  schema: z.ZodType<T>,
  damaged: Damaged = () => undefined,
): Promise<T | undefined> => {
  const value = await parse(path, damaged);
  if (value === undefined) return undefined;
  const { sha256: said, ...content } = { ...(value as Readonly<Record<string, unknown>>) };
  const { data } = schema.safeParse(content);
  if (data !== undefined && said === sha256(JSON.stringify(content))) return data;
  damaged(path);
  return undefined;
};
