// Things that are opened when they are first needed.

export interface Lazy<T> {
  /** Opens it at the first call and hands the same to all; where that fails, the next call opens it anew. */
  get(): Promise<T>;
  /** Hands over what is open, for whoever closes it, and forgets it; undefined where there is nothing, or where it failed. */
  take(): Promise<T | undefined>;
}

export const lazy = <T>(open: () => Promise<T>): Lazy<T> => {
  let opened: Promise<T> | undefined;
  return {
    get: () => {
      if (opened !== undefined) return opened;
      const opening = open();
      opened = opening;
      opening.catch(() => {
        if (opened === opening) opened = undefined;
      });
      return opening;
    },
    take: async () => {
      const last = opened;
      opened = undefined;
      return await last?.catch(() => undefined);
    },
  };
};
