// A command that does its jobs itself and shares their results with others by a store.
import { type Executor, inTurn } from "../support/work/executor.ts";
import type { ArtefactStore } from "./artefacts/store.ts";
import { exchange, publish } from "./transfer.ts";

/** Takes what others have published, makes the rest on workers of this process and publishes it. */
export const withArtefacts = (store: ArtefactStore): Executor => ({
  elsewhere: false,
  begin: async () => undefined,
  run: async (offer) => {
    await exchange(store, offer);
    await offer.here((job) => publish(store, offer, job));
  },
  pieces: (names, piece) => inTurn(names, (_, index) => piece(index)),
});
