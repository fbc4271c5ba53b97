// Digests that name a piece of work.
import { sha256 } from "./files.ts";

/** Digest of everything that determines a piece of work; equal keys mean equal results. Fields in the order written. */
export const keyOf = (parts: Readonly<Record<string, unknown>>): string => sha256(JSON.stringify(parts));
