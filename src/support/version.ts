// The program's version.
import { readFileSync } from "node:fs";
import { z } from "zod";

/** The program's version, from its package.json, which lies two folders above both src/support and dist/support. */
export const version = (): string => {
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  return z.object({ version: z.string() }).parse(JSON.parse(text)).version;
};
