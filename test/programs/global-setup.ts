// Builds the programs that tests start, once for all of them.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { buildPrograms } from "./build.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** The folder of the built programs. */
    readonly programs: string;
  }
}

export const setup = async ({ provide }: TestProject): Promise<() => Promise<void>> => {
  const folder = await mkdtemp(join(tmpdir(), "distillery-programs-"));
  await buildPrograms(folder);
  provide("programs", folder);
  return () => rm(folder, { recursive: true, force: true });
};
