// SHA-256: the hash of files, keys of work and random streams.
import { createHash } from "node:crypto";

/** In hex; of text, its UTF-8. */
export const sha256 = (content: string | Uint8Array): string => createHash("sha256").update(content).digest("hex");

/** Digest of everything that determines a piece of work; equal keys mean equal results. Fields in the order written. */
export const keyOf = (parts: Readonly<Record<string, unknown>>): string => sha256(JSON.stringify(parts));
