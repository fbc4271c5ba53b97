// Values made a few steps before they are needed.

/** Values of consecutive indices, made in order, some before they are asked for. */
export interface ReadAhead<T> {
  /** The next value; rejects in its turn if it could not be made, and so does every later one. */
  next(): Promise<T>;
  /** Nothing more is made than what is being made already. */
  stop(): void;
}

/** Lets the event loop turn. Browsers have no setImmediate. */
const turn = (): Promise<void> =>
  new Promise((resolve) => {
    if (typeof setImmediate === "function") setImmediate(resolve);
    else setTimeout(resolve);
  });

/**
 * Makes the values of `from` to `to` - 1, one at a time and at most `ahead` before they are asked for. Between two values
 * the event loop turns, so that whoever waits for something else hears of it before the next value is made.
 */
export const readAhead = <T>(
  from: number,
  to: number,
  ahead: number,
  make: (index: number) => Promise<T>,
): ReadAhead<T> => {
  const ready: Promise<T>[] = [];
  let [index, stopped] = [from, false];
  let last: Promise<unknown> = Promise.resolve();
  const add = (): void => {
    const at = index++;
    const value = last.then(async () => {
      await turn();
      if (stopped) throw new Error("no longer needed");
      return make(at);
    });
    // Nobody may be waiting yet: whoever asks for it is told.
    value.catch(() => undefined);
    ready.push(value);
    last = value;
  };
  const fill = (): void => {
    while (!stopped && ready.length < ahead && index < to) add();
  };
  fill();
  return {
    next: () => {
      const value = ready.shift();
      if (value === undefined) return Promise.reject(new RangeError(`all values up to ${to} were read`));
      fill();
      return value;
    },
    stop: () => {
      stopped = true;
    },
  };
};
