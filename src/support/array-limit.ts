// The limit on the length of one array.
import { nodeModule } from "./browser/node-module.ts";

/** Node 20 holds 4 GiB, from Node 22 on it is memory that sets the bound; browsers hold 2 GiB or more. */
const longest = nodeModule("node:buffer")?.constants.MAX_LENGTH ?? 2 ** 31;

/** Says why one array cannot hold so many bytes, for the end of an error message; undefined where it can. */
export const exceedsArrayLimit = (bytes: number, most: number = longest): string | undefined => {
  if (bytes <= most) return undefined;
  const gib = (n: number): string => `${(n / 2 ** 30).toFixed(1)} GiB`;
  const allows =
    globalThis.process === undefined
      ? "a browser surely allows; use Node"
      : `Node ${process.versions.node} allows; use Node 22 or later`;
  return `take ${gib(bytes)} in one piece, more than the ${gib(most)} that ${allows}`;
};
