// The runs of a loop: of one step each, or of as many as a stepper takes at once.
import type { Stepper, Tensors } from "../runtime/index.ts";
import type { ReadAhead } from "./read-ahead.ts";

/**
 * Does the next run and returns the fetches of its steps. Where a stepper takes several at once, the feeds of a run are put
 * together while the run before goes on; `end` says where a run that begins at a step has to end at the latest.
 */
export const runsOf = <State, Feeds, Fetches>(
  { run, several }: Stepper<State, Feeds, Fetches>,
  batches: ReadAhead<Tensors<Feeds>>,
  { from, to, end }: { readonly from: number; readonly to: number; readonly end: (step: number) => number },
): (() => Promise<readonly Tensors<Fetches>[]>) => {
  if (several === undefined) return async () => [await run(await batches.next())];
  let at = from;
  const prepare = async (): Promise<ReturnType<typeof several.prepare>> => {
    const count = Math.min(several.stride, end(at) - at, to - at);
    at += count;
    const given: Tensors<Feeds>[] = [];
    while (given.length < count) given.push(await batches.next());
    return several.prepare(given);
  };
  let ready: ReturnType<typeof prepare> | undefined;
  return async () => {
    const go = await (ready ?? prepare());
    const fetched = go();
    ready = at < to ? prepare() : undefined;
    // Whoever asks for it is told.
    ready?.catch(() => undefined);
    return fetched;
  };
};
