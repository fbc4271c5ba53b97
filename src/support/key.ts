// SHA-256: the hash of files, keys of work and random streams.
import { nodeModule } from "./browser/node-module.ts";
import { plainSha256 } from "./browser/sha256.ts";

const fast = nodeModule("node:crypto")?.createHash;

/** In hex; of text, its UTF-8. */
export const sha256 = (content: string | Uint8Array): string => {
  if (fast !== undefined) return fast("sha256").update(content).digest("hex");
  return plainSha256(typeof content === "string" ? new TextEncoder().encode(content) : content);
};

/** Digest of everything that determines a piece of work; equal keys mean equal results. Fields in the order written. */
export const keyOf = (parts: Readonly<Record<string, unknown>>): string => sha256(JSON.stringify(parts));
