// JSON files that can be made again when they are damaged.
import type { z } from "zod";
import { codeOf, readRegularFile, sha256, toJson, writeJson } from "./files.ts";
import { isObject } from "./json.ts";
import type { Progress } from "./work/progress.ts";

/** Told of a file that is damaged, and therefore as good as not there. */
export type Damaged = (path: string) => void;

/** Says so of what is then made anew. */
export const noteDamage =
  ({ note }: Pick<Progress, "note">): Damaged =>
  (path) =>
    note(`${path} is damaged: it is made anew`);

interface Parsed {
  readonly text: string;
  readonly value: unknown;
}

const parse = async (path: string, damaged: Damaged): Promise<Parsed | undefined> => {
  try {
    const text = String(await readRegularFile(path));
    return { text, value: JSON.parse(text) };
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
  const parsed = await parse(path, damaged);
  if (parsed === undefined) return undefined;
  const { success, data } = schema.safeParse(parsed.value);
  if (!success) damaged(path);
  return data;
};

const sealed = (value: Readonly<Record<string, unknown>>) => ({ ...value, sha256: sha256(JSON.stringify(value)) });

/** Writes JSON with the sha256 of its content in a field of its own, by which readSealed sees what rotted. */
export const writeSealed = (path: string, value: Readonly<Record<string, unknown>>): Promise<void> =>
  writeJson(path, sealed(value));

/** Reads what `writeSealed` wrote; undefined where there is none, or it is not as it was written or does not fit. */
export const readSealed = async <T>(
  path: string,
  schema: z.ZodType<T>,
  damaged: Damaged = () => undefined,
): Promise<T | undefined> => {
  const parsed = await parse(path, damaged);
  if (parsed === undefined) return undefined;
  const { sha256: _, ...content }: Readonly<Record<string, unknown>> = isObject(parsed.value) ? parsed.value : {};
  const { data } = schema.safeParse(content);
  // By every byte: what JSON takes for the same, such as a line twice, is damage too.
  if (data !== undefined && parsed.text === toJson(sealed(content))) return data;
  damaged(path);
  return undefined;
};
