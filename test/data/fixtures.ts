import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { Dataset, Split } from "../../src/data/dataset.ts";
import { DistilleryError, type ErrorCode } from "../../src/support/errors.ts";

/** A folder that goes away with the test. */
export const temporaryFolder = async (): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), "distillery-data-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
};

/** The DistilleryError that a promise rejects with. */
export const failureOf = async (promise: Promise<unknown>): Promise<DistilleryError> => {
  try {
    await promise;
  } catch (error) {
    if (error instanceof DistilleryError) return error;
    throw error;
  }
  throw new Error("expected a DistilleryError, but the promise was fulfilled");
};

export const codeOf = async (promise: Promise<unknown>): Promise<ErrorCode> => (await failureOf(promise)).code;

export const readAll = (split: Split): Promise<Uint8Array> =>
  split.read(Int32Array.from({ length: split.length }, (_, i) => i));

export const pixelsOf = (dataset: Dataset): Promise<[Uint8Array, Uint8Array]> =>
  Promise.all([readAll(dataset.train), readAll(dataset.test)]);
