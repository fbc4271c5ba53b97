// Requests to the Hub, asked again where it is busy or silent.
import { setTimeout as wait } from "node:timers/promises";
import { fetchByProxy } from "../data/download/proxy.ts";

/** Answers that may be others a moment later. */
const busy = [429, 500, 502, 503, 504];

/** Repetitions of a request, and the first wait in milliseconds, doubled from then on. */
export interface Patience {
  readonly retries?: number;
  readonly firstWait?: number;
}

/** A `fetch` through the proxy that the environment names, if it does, which repeats what failed for a while. */
export const patientFetch = ({ retries = 4, firstWait = 1000 }: Patience): typeof fetch => {
  const ask = fetchByProxy();
  return async (input, init) => {
    for (let attempt = 0; ; attempt++) {
      const last = attempt === retries;
      try {
        const answer = await ask(input, init);
        if (last || !busy.includes(answer.status)) return answer;
        await answer.body?.cancel();
      } catch (cause) {
        if (last || init?.signal?.aborted) throw cause;
      }
      await wait(firstWait * 2 ** attempt);
    }
  };
};
