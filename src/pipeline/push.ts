// Pushing a set together with its images as the Hub shows them.
import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { exportSet } from "../export/index.ts";
import { type Pushed, type PushedFile, type PushOptions, pushSet } from "../hub/push.ts";
import { readSet } from "../sets/index.ts";
import { temporaryFolder } from "../support/files.ts";
import type { Context } from "../support/work/context.ts";

/** All files below a folder. */
const filesBelow = async (folder: string): Promise<PushedFile[]> => {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return Promise.all(
    paths.sort().map(async (path) => ({
      path: path.slice(folder.length + 1).replaceAll("\\", "/"),
      content: new Uint8Array(await readFile(path)),
    })),
  );
};

/**
 * Pushes a set's own files, by which `hf://user/name` opens it here, and beside them its images in Parquet with their card,
 * which the Hub shows and load_dataset reads. @throws as `pushSet` and `exportSet`.
 */
export const pushWithImages = async (
  folder: string,
  to: string,
  context: Context,
  options: Omit<PushOptions, "also"> = {},
): Promise<Pushed> => {
  const below = await temporaryFolder("distillery-push-");
  try {
    const out = join(below, "hf");
    await exportSet({ set: await readSet(folder), to: "hf", out, ...context });
    return await pushSet(folder, to, context, { ...options, also: await filesBelow(out) });
  } finally {
    await rm(below, { recursive: true, force: true });
  }
};
