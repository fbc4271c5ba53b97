import type { WorkerOptions } from "../../../src/distributed/queue/work.ts";

/** A worker of the fake command whose jobs go to others after a second. */
export const options: WorkerOptions = {
  jobs: 1,
  memory: 1000,
  lock: 1,
  untilDone: false,
  secondsBetweenCheckpoints: 0.1,
  child: new URL("./fake-child.ts", import.meta.url),
};
