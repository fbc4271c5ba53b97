// A walk through a command by a process that makes the jobs that it is asked for and takes all others' results from the store.
import { AsyncLocalStorage } from "node:async_hooks";
import { type Lazy, lazy } from "../support/lazy.ts";
import type { Doing, Executor, Ground, KeptJob, Lane, Offer } from "../support/work/executor.ts";
import type { ArtefactStore } from "./artefacts/store.ts";
import { artefactOf, fetchResults, publish, usualLook, withCheckpoints } from "./transfer.ts";

/** A job as it is named by whoever asks for it. */
export interface Asked {
  /** The piece of the command that it belongs to; absent of those before all pieces. */
  readonly piece?: string;
  /** Tells the job from others of the piece. */
  is(job: KeptJob, offer: Offer): boolean;
  /** Kind and key, where they are known: a job whose result is published is not looked for. */
  readonly known?: Pick<KeptJob, "kind" | "key">;
  /** Ends the wait for what the job needs; not the making of it. */
  readonly patience?: AbortSignal;
}

/** An offer that the walk has come to, and those of its jobs whose results it has not seen. */
export interface Stand {
  readonly offer: Offer;
  readonly piece: string | undefined;
  readonly missing: ReadonlySet<KeptJob>;
}

export interface Walk {
  /** The executor of the command that is walked through. */
  readonly executor: Executor;
  /** Makes a job when the walk comes to it, and publishes its result; false where that was there already. */
  make(asked: Asked, doing: Doing, advance: (units: number) => void): Promise<boolean>;
  /** The offers that the walk waits at, before all pieces and in this one. */
  waitsAt(piece: string | undefined): readonly Stand[];
  /** Tells that the command has ended, by itself or by an error: jobs are waited for no longer. */
  ended(error?: unknown): void;
  /** Ends the command with an error wherever it waits, so that it lets go of what it holds. */
  leave(): void;
}

export interface WalkOptions {
  readonly store: ArtefactStore;
  /** Threads of a job. */
  readonly threads: number;
  /** Throws where others stand on another ground. */
  begin(ground: Ground): Promise<void>;
  /** Milliseconds between two looks for results that others publish. */
  readonly look?: number;
}

/** Ends a piece whose next job others are to do, as another piece is asked for. */
class Left extends Error {}

/** A stand, and the command's wait there. */
interface Open extends Stand {
  readonly missing: Set<KeptJob>;
  resolve(): void;
  reject(error: unknown): void;
}

/** A place where a piece waits until it is asked for. */
interface Gate {
  open: boolean;
  changed: () => void;
}

/** Waits for a while, until the signal, or until what `wake` is handed is called. */
const delay = (milliseconds: number, signal: AbortSignal, wake: (over: () => void) => void): Promise<void> =>
  new Promise((resolve) => {
    const over = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", over);
      resolve();
    };
    const timer = setTimeout(over, milliseconds);
    signal.addEventListener("abort", over, { once: true });
    wake(over);
  });

export const openWalk = ({ store, threads, begin, look = 200 }: WalkOptions): Walk => {
  const current = new AsyncLocalStorage<string>();
  const waiting = new Set<Open>();
  /** Every stand of what is not left: those behind the walk too. */
  const seen = new Set<Stand>();
  const gates = new Map<string, Gate>();
  let lane: { readonly offer: Offer; readonly opened: Lazy<Lane> } | undefined;
  let over: { readonly error?: unknown } | undefined;
  let leaving = false;
  /** Ends the wait for a job: the walk has come further. */
  let changed = (): void => undefined;

  const gateOf = (piece: string): Gate => {
    const gate = gates.get(piece) ?? { open: false, changed: () => undefined };
    gates.set(piece, gate);
    return gate;
  };
  const throughGate = async (piece: string): Promise<void> => {
    const gate = gateOf(piece);
    while (!gate.open) {
      await new Promise<void>((resolve) => {
        gate.changed = resolve;
      });
      if (leaving) throw new Left();
    }
  };
  /** Opens one piece's gate, and lets all others go from where they wait: their memory is free again. */
  const enter = (piece: string | undefined): void => {
    if (piece === undefined) return;
    for (const [name, gate] of gates) {
      if (name === piece || !gate.open) continue;
      gate.open = false;
      for (const one of seen) if (one.piece === name) seen.delete(one);
      for (const one of waiting) {
        if (one.piece !== name) continue;
        waiting.delete(one);
        one.reject(new Left());
      }
    }
    const gate = gateOf(piece);
    gate.open = true;
    gate.changed();
  };
  const settle = (one: Open): void => {
    if (one.missing.size > 0 || !waiting.delete(one)) return;
    one.resolve();
  };
  const refresh = async (): Promise<void> => {
    for (const one of [...waiting]) {
      const missing = new Set(await fetchResults(store, one.offer, one.missing));
      for (const job of [...one.missing]) if (!missing.has(job)) one.missing.delete(job);
      settle(one);
    }
  };
  const find = ({ piece, is }: Asked): { readonly one: Open; readonly job: KeptJob } | undefined => {
    for (const one of waiting) {
      if (one.piece !== piece) continue;
      const job = [...one.missing].find((job) => is(job, one.offer));
      if (job !== undefined) return { one, job };
    }
    return undefined;
  };
  /** True where the walk has seen the result of a job. */
  const isThere = ({ piece, is }: Asked): boolean =>
    [...seen].some(
      (one) => one.piece === piece && one.offer.jobs.some((job) => !one.missing.has(job) && is(job, one.offer)),
    );
  const closeLane = async (): Promise<void> => {
    const last = lane;
    lane = undefined;
    await (await last?.opened.take())?.close();
  };
  const laneFor = async (offer: Offer): Promise<Lane> => {
    if (lane?.offer !== offer) {
      await closeLane();
      lane = { offer, opened: lazy(() => offer.open(threads)) };
    }
    return lane.opened.get();
  };
  const waitFor = async (asked: Asked, signal: AbortSignal) => {
    for (;;) {
      signal.throwIfAborted();
      if (asked.known && (await store.has(artefactOf(asked.known)))) return undefined;
      enter(asked.piece);
      if (isThere(asked)) return undefined;
      const found = find(asked);
      if (found !== undefined) return found;
      if (over !== undefined) throw over.error ?? new Error("the command ended before it came to this job");
      await refresh();
      if (find(asked) === undefined && over === undefined)
        await delay(look, signal, (wake) => {
          changed = wake;
        });
    }
  };

  return {
    executor: {
      elsewhere: true,
      begin,
      run: async (offer) => {
        const missing = new Set(await fetchResults(store, offer));
        const piece = current.getStore();
        if (leaving || (piece !== undefined && !gateOf(piece).open)) throw new Left();
        if (missing.size === 0) {
          seen.add({ offer, piece, missing });
          changed();
          return;
        }
        await new Promise<void>((resolve, reject) => {
          const one = { offer, piece, missing, resolve, reject };
          seen.add(one);
          waiting.add(one);
          changed();
        }).finally(async () => {
          if (lane?.offer === offer) await closeLane();
        });
      },
      pieces: (names, piece) =>
        Promise.all(
          names.map(async (name, index) => {
            for (;;) {
              await throughGate(name);
              try {
                return await current.run(name, () => piece(index));
              } catch (error) {
                if (leaving || !(error instanceof Left)) throw error;
              }
            }
          }),
        ),
    },
    make: async (asked, doing, advance) => {
      const { signal } = doing;
      const found = await waitFor(asked, asked.patience ? AbortSignal.any([signal, asked.patience]) : signal);
      if (found === undefined) return false;
      const { one, job } = found;
      const absent = (await fetchResults(store, one.offer, new Set([job]))).length > 0;
      if (absent) {
        const opened = await laneFor(one.offer);
        const { secondsBetweenCheckpoints: every } = doing;
        const work = (): Promise<void> => opened.make(job, doing, advance);
        await withCheckpoints(store, one.offer, job, work, every && Math.min(usualLook, 1000 * every));
        await publish(store, one.offer, job);
      }
      one.missing.delete(job);
      settle(one);
      return absent;
    },
    waitsAt: (piece) => [...waiting].filter((one) => one.piece === undefined || one.piece === piece),
    ended: (error) => {
      over = { ...(error !== undefined && { error }) };
      changed();
    },
    leave: () => {
      leaving = true;
      for (const one of waiting) one.reject(new Left());
      waiting.clear();
      for (const gate of gates.values()) gate.changed();
    },
  };
};
