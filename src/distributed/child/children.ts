// Child processes that are kept between jobs.
import type { Child } from "./child.ts";

export interface Children {
  /** Hands out a child that lives: one that is idle, or else a new one. */
  take(): Promise<Child>;
  giveBack(child: Child): Promise<void>;
  /** Closes all of them. */
  close(): Promise<void>;
}

/** Children of `start`; there come to be as many as were ever out at once. */
export const openChildren = (start: () => Child): Children => {
  const idle: Child[] = [];
  const all = new Set<Child>();
  const discard = async (child: Child): Promise<void> => {
    all.delete(child);
    await child.close();
  };
  return {
    take: async () => {
      for (let child = idle.pop(); child !== undefined; child = idle.pop()) {
        if (child.alive()) return child;
        // The system may have killed it while it had nothing to do.
        await discard(child);
      }
      const started = start();
      all.add(started);
      return started;
    },
    giveBack: async (child) => {
      if (child.alive()) idle.push(child);
      else await discard(child);
    },
    close: async () => void (await Promise.all([...all].map((child) => child.close()))),
  };
};
