// The limit on the length of one array.
import { constants } from "node:buffer";

/**
 * Says why one array cannot hold so many bytes, for the end of an error message; undefined where it can. Node 20 holds
 * 4 GiB, from Node 22 on it is memory that sets the bound.
 */
export const exceedsArrayLimit = (bytes: number, most: number = constants.MAX_LENGTH): string | undefined => {
  if (bytes <= most) return undefined;
  const gib = (n: number): string => `${(n / 2 ** 30).toFixed(1)} GiB`;
  return `take ${gib(bytes)} in one piece, more than the ${gib(most)} that Node ${process.versions.node} allows; use Node 22 or later`;
};
