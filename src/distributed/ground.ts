// The digest by which processes know that their commands mean the same.
import { keyOf } from "../support/key.ts";
import type { Ground } from "../support/work/executor.ts";

/** Digest of a ground. The place of the data may differ between machines; their fingerprint may not. */
export const groundOf = ({ recipe, fingerprint }: Ground): string =>
  keyOf({ recipe: { ...(recipe as Record<string, unknown>), data: undefined }, fingerprint });
