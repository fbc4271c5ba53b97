// Requests to the Hub, asked again where it is busy or silent.
import { setTimeout as wait } from "node:timers/promises";
import { type Dispatcher, fetch as request } from "undici";
import { agentFor, proxyFor } from "../data/download/proxy.ts";

/** Answers that may be others a moment later. */
const busy = [429, 500, 502, 503, 504];

/** Repetitions of a request, and the first wait in milliseconds, doubled from then on. */
export interface Patience {
  readonly retries?: number;
  readonly firstWait?: number;
}

type Input = Parameters<typeof request>[0];
type Init = Parameters<typeof request>[1];

/** A `fetch` through the proxy that the environment names, if it does, which repeats what failed for a while. */
export const patientFetch = ({ retries = 4, firstWait = 1000 }: Patience): typeof fetch => {
  const agents = new Map<string, Dispatcher>();
  const agentTo = (url: string): Dispatcher => {
    const { protocol } = new URL(url);
    const agent = agents.get(protocol) ?? agentFor(proxyFor(url));
    agents.set(protocol, agent);
    return agent;
  };
  const ask = async (input: Input, init?: Init): ReturnType<typeof request> => {
    const url = input instanceof URL ? input.href : typeof input === "string" ? input : input.url;
    for (let attempt = 0; ; attempt++) {
      const last = attempt === retries;
      try {
        const answer = await request(input, { ...init, dispatcher: agentTo(url) });
        if (last || !busy.includes(answer.status)) return answer;
        await answer.body?.cancel();
      } catch (cause) {
        if (last || init?.signal?.aborted) throw cause;
      }
      await wait(firstWait * 2 ** attempt);
    }
  };
  // Node's own fetch takes no other package's connections; the two differ in nothing but their declarations.
  return ask as unknown as typeof fetch;
};
