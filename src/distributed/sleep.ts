// Waiting for a while, or until a signal.

/** Ends at once where the signal was given before. */
export const sleep = (milliseconds: number, signal?: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const over = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", over);
      resolve();
    };
    const timer = setTimeout(over, milliseconds);
    signal?.addEventListener("abort", over, { once: true });
    if (signal?.aborted) over();
  });

/** Does work every so many milliseconds, never twice at once; failures are passed over. The result ends that, after the last one. */
export const repeatedly = (work: () => Promise<void>, milliseconds: number): (() => Promise<void>) => {
  let last: Promise<void> = Promise.resolve();
  let busy = false;
  const timer = setInterval(() => {
    if (busy) return;
    busy = true;
    last = work()
      .catch(() => undefined)
      .finally(() => {
        busy = false;
      });
  }, milliseconds);
  return () => {
    clearInterval(timer);
    return last;
  };
};
