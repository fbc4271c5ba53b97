import type { Ground } from "./ground.ts";

/** Ways an attempt can end, and their meaning. The first three are as they should be. */
export const endings = {
  refused: "an error of docs/errors.md, and nothing written outside --out",
  done: "the command did its work, with the right result",
  "left out": "this machine does not allow the attempt",
  lost: "finished work was made anew, or the result differs from that of an undisturbed run",
  unseen: "damage or danger that was taken without a word",
  unsaid: "an error that does not say what its reader needs",
  crash: "a stack, an exit status of no table, or a dead process",
  hang: "longer than 10 seconds",
  memory: "more than 1 GiB",
  outside: "a file or a connection that nobody asked for",
} as const;

export type Ending = keyof typeof endings;

export const isFault = (ending: Ending): boolean => !["refused", "done", "left out"].includes(ending);

/** The end of one attempt, in the words of the program where it said any. */
export interface Ended {
  readonly ending: Ending;
  readonly what: string;
}

/** Makes attempts one after the other; several lanes of a part go side by side. */
export interface Lane {
  readonly attempt: (id: string) => Promise<Ended>;
  readonly close: () => Promise<void>;
}

/** One way of disturbing the program. An id, `group/name`, says all that an attempt depends on. */
export interface Part {
  readonly name: string;
  readonly title: string;
  /** Ids of the attempts; 1 is full scale. */
  readonly ids: (scale: number, ground: Ground) => Promise<readonly string[]>;
  readonly open: (ground: Ground) => Promise<Lane>;
}

/** Numbers below `most`, thinned to a scale but never to none, evenly over the whole. */
export const thinned = (most: number, scale: number): number[] => {
  const kept = Math.min(most, Math.max(1, Math.round(most * scale)));
  return Array.from({ length: kept }, (_, i) => Math.floor((i * most) / kept));
};
