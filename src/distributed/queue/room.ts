// The memory of a machine, shared by the jobs that run on it.

/** Room for jobs by their estimates. */
export interface Room {
  readonly bytes: number;
  /** Takes room, waiting for a while until there is some; returns what gives it back, undefined where there was none. */
  take(bytes: number, patience: number): Promise<(() => void) | undefined>;
}

export const roomOf = (bytes: number): Room => {
  let taken = 0;
  const waiting = new Set<() => void>();
  return {
    bytes,
    take: async (wanted, patience) => {
      const until = performance.now() + patience;
      while (taken + wanted > bytes) {
        const left = until - performance.now();
        if (left <= 0) return undefined;
        await new Promise<void>((resolve) => {
          const again = (): void => {
            clearTimeout(timer);
            waiting.delete(again);
            resolve();
          };
          const timer = setTimeout(again, left);
          waiting.add(again);
        });
      }
      taken += wanted;
      return () => {
        taken -= wanted;
        for (const again of [...waiting]) again();
      };
    },
  };
};
