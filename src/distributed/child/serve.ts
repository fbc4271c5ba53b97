// The part of a child process: walks through a command and makes the jobs that its parent asks for.
import { rmdirSync, rmSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import type { EvaluateContext, RecipeCommand } from "../../pipeline/commands.ts";
import type { Recipe } from "../../recipe/recipe.ts";
import { DistilleryError, reasonOf } from "../../support/errors.ts";
import { progressTo, silent } from "../../support/work/progress.ts";
import { openStore } from "../artefacts/open-store.ts";
import { groundOf } from "../ground.ts";
import { type Asked, openWalk, type Walk } from "../walk.ts";
import type { FromChild, Order, ToChild, Told, Wanted } from "./messages.ts";

/** The commands that jobs come from. */
export type Walked = {
  readonly [Name in RecipeCommand]: (recipe: Recipe, context: EvaluateContext) => Promise<unknown>;
};

/** Milliseconds between two reports of a job's progress. */
const between = 1_000;

const say = (message: FromChild): void => {
  // `disconnect` ends this process when the parent is gone.
  if (process.connected) process.send?.(message, () => undefined);
};

const told = (error: unknown): Told => ({
  ...(error instanceof DistilleryError && { code: error.code }),
  message:
    error instanceof DistilleryError ? error.message : (error instanceof Error && error.stack) || reasonOf(error),
});

/** A job of the walk by its name in the queue. One of the same place and another key tells that this machine computes otherwise. */
const askedFor = ({ kind, key, name, folder, piece }: Wanted, out: string): Asked => ({
  ...(piece !== undefined && { piece }),
  known: { kind, key },
  is: (job, offer) => {
    if (job.kind !== kind) return false;
    if (job.key !== key && job.name === name && relative(out, offer.folder) === folder) {
      throw new DistilleryError(
        "JOB",
        `${kind} ${name}: this worker comes to other inputs than the coordinator; are device and processors alike, and own networks the same files?`,
      );
    }
    return job.key === key;
  },
});

const make = async (walk: Walk, wanted: Wanted, out: string, order: Order, signal: AbortSignal): Promise<void> => {
  let last = performance.now();
  const advance = (units: number): void => {
    if (performance.now() - last < between) return;
    last = performance.now();
    say({ type: "progress", units });
  };
  const progress = progressTo((event) => {
    if (event.type === "note") say(event);
  });
  const { secondsBetweenCheckpoints: seconds } = order;
  const doing = { progress, signal, ...(seconds !== undefined && { secondsBetweenCheckpoints: seconds }) };
  await walk.make(askedFor(wanted, out), doing, advance);
};

/** Walks as it was ordered; the walk is over when the command has ended. */
const begin = async (commands: Walked, order: Order) => {
  const { command, recipe, scratch, threads, set, archive, maxPixels } = order;
  const out = join(scratch, "out");
  let begun = false;
  let over = false;
  const walk = openWalk({
    store: await openStore(order.store),
    threads,
    begin: async (ground) => {
      if (ground.fingerprint !== order.fingerprint) {
        throw new DistilleryError(
          "QUEUE",
          `refused: other data: their fingerprint here is ${ground.fingerprint.slice(0, 12)}, the run's is ${order.fingerprint.slice(0, 12)}; copy the run's data, or say where they lie by --data`,
        );
      }
      if (groundOf(ground) !== order.ground) {
        throw new DistilleryError("QUEUE", "refused: the recipe comes to other settings here than at its coordinator");
      }
      begun = true;
      say({ type: "ready" });
    },
  });
  const context: EvaluateContext = {
    out,
    executor: walk.executor,
    threads,
    progress: silent,
    signal: new AbortController().signal,
    ...(set !== undefined && { set }),
    ...(archive !== undefined && { archive }),
    ...(maxPixels !== undefined && { maxPixels }),
  };
  commands[command](recipe, context).then(
    () => {
      over = true;
      walk.ended();
    },
    (error: unknown) => {
      over = true;
      walk.ended(error);
      if (!begun) say({ type: "refused", error: told(error) });
    },
  );
  return { walk, out, over: () => over };
};

/** Removes a child's scratch folder, and with the last of them that of a worker which was killed. */
const leave = ({ scratch }: Order): void => {
  rmSync(scratch, { recursive: true, force: true });
  try {
    rmdirSync(dirname(scratch));
  } catch {
    // Others are in it, or it is gone.
  }
};

/** Serves the process that forked this one until it is gone. */
export const serve = (commands: Walked): void => {
  let walking: { readonly order: Order; readonly begun: ReturnType<typeof begin> } | undefined;
  let stop = new AbortController();
  const job = async (wanted: Wanted): Promise<void> => {
    if (walking === undefined) throw new Error("a job was asked for before a walk was ordered");
    const { order, begun } = walking;
    stop = new AbortController();
    const { signal } = stop;
    const { walk, out, over } = await begun;
    try {
      await make(walk, wanted, out, order, signal);
      say({ type: "made" });
    } catch (error) {
      say({ type: "failed", error: told(error), over: over() });
    }
  };
  // A signal of the terminal goes to all its processes; the parent stops the jobs.
  process.on("SIGINT", () => undefined);
  process.on("SIGTERM", () => undefined);
  process.on("disconnect", () => {
    if (walking !== undefined) leave(walking.order);
    process.exit();
  });
  process.on("message", (message: ToChild) => {
    if (message.type === "stop") stop.abort();
    if (message.type === "make") void job(message.wanted);
    if (message.type === "order") {
      const begun = begin(commands, message.order);
      begun.catch((error: unknown) => say({ type: "refused", error: told(error) }));
      walking = { order: message.order, begun };
    }
  });
};
