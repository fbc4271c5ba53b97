// The hash that a manifest ends with.
import { sha256 } from "../../support/key.ts";

/** The end of a manifest: the sha256 of all bytes before it, which `head -n -2 manifest.json | sha256sum` gives too. */
const sealOf = (digest: string): string => `  "sha256": "${digest}"\n}\n`;

const sealLength = sealOf("0".repeat(64)).length;

/** The text of a manifest.json: the given fields, and as the last one the sha256 of every byte before its line. */
export const sealManifest = (fields: object): string => {
  const body = `${JSON.stringify(fields, null, 2).slice(0, -"\n}".length)},\n`;
  return body + sealOf(sha256(body));
};

/** Says that the bytes of a sealed manifest are not those that were written; undefined where they are. */
export const sealProblem = (bytes: Uint8Array): string | undefined => {
  const body = bytes.subarray(0, -sealLength);
  const digest = sha256(body);
  return new TextDecoder().decode(bytes.subarray(-sealLength)) === sealOf(digest)
    ? undefined
    : `it is not as it was written: it should end in the sha256 of all before that line, which is ${digest}`;
};
