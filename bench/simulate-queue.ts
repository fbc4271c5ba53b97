// Many workers on one queue, simulated with costs that were measured: where it stops scaling, and why.
//
//   npx tsx bench/simulate-queue.ts results/many-machines/overhead.json > results/many-machines/simulation.json
import { readFileSync } from "node:fs";

/** Costs in seconds, measured by bench/queue-overhead.ts. */
export interface Costs {
  /** A job's part of Redis's one thread. */
  readonly redis: number;
  /** A job's part of the coordinator's process: putting it, hearing of its end, fetching its result. */
  readonly coordinator: number;
  /** That a worker needs a job besides the work, waiting for Redis apart. */
  readonly worker: number;
}

export interface Simulated {
  readonly workers: number;
  readonly jobs: number;
  /** Mean length of a job in seconds. */
  readonly length: number;
  readonly seconds: number;
  /** All work, shared among all workers, as a part of what it took. */
  readonly efficiency: number;
  /** Parts of the time in which each was busy. */
  readonly busy: { readonly redis: number; readonly coordinator: number; readonly workers: number };
}

/** A heap of times with what happens at each. */
class Events {
  readonly #heap: { readonly at: number; readonly what: () => void }[] = [];
  add(at: number, what: () => void): void {
    const heap = this.#heap;
    let i = heap.push({ at, what }) - 1;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (heap[parent]!.at <= heap[i]!.at) break;
      [heap[parent], heap[i]] = [heap[i]!, heap[parent]!];
      i = parent;
    }
  }
  next(): { readonly at: number; readonly what: () => void } | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    heap[0] = last;
    for (let i = 0; ; ) {
      const [left, right] = [2 * i + 1, 2 * i + 2];
      let least = i;
      if (left < heap.length && heap[left]!.at < heap[least]!.at) least = left;
      if (right < heap.length && heap[right]!.at < heap[least]!.at) least = right;
      if (least === i) return first;
      [heap[least], heap[i]] = [heap[i]!, heap[least]!];
      i = least;
    }
  }
}

/** One thread that serves in the order of asking. */
const server = () => {
  let free = 0;
  let busy = 0;
  return {
    serve: (now: number, seconds: number): number => {
      free = Math.max(free, now) + seconds;
      busy += seconds;
      return free;
    },
    busy: () => busy,
  };
};

/** Parts of the jobs that depend on all those before: teachers, parts of sets, labels, students. */
const stages = [0.001, 0.3, 0.009, 0.69] as const;

/**
 * Simulates jobs whose lengths lie evenly within a quarter of their mean around it. A worker that finds no job waits until one is put;
 * putting, taking and ending a job each cost Redis a third of what a job costs it.
 */
export const simulate = (workers: number, jobs: number, length: number, costs: Costs): Simulated => {
  const events = new Events();
  const [redis, coordinator] = [server(), server()];
  const counts = stages.map((share) => Math.max(1, Math.round(share * jobs)));
  let waiting = 0;
  let idle = workers;
  let stage = -1;
  let open = 0;
  let end = 0;
  let worked = 0;
  // The same lengths every time: multiples of an irrational number are spread evenly.
  let drawn = 0;
  const draw = (): number => length * (0.75 + 0.5 * ((++drawn * Math.SQRT2) % 1));
  const take = (now: number): void => {
    while (idle > 0 && waiting > 0) {
      idle--;
      waiting--;
      const seconds = draw();
      worked += seconds;
      const begun = redis.serve(now, costs.redis / 3);
      events.add(begun + costs.worker + seconds, () => finish(begun + costs.worker + seconds));
    }
  };
  const put = (now: number): void => {
    const count = counts[++stage];
    if (count === undefined) return;
    open = count;
    for (let i = 0; i < count; i++) {
      const sent = coordinator.serve(now, costs.coordinator / 2);
      const there = redis.serve(sent, costs.redis / 3);
      events.add(there, () => {
        waiting++;
        take(there);
      });
    }
  };
  const finish = (now: number): void => {
    const said = redis.serve(now, costs.redis / 3);
    const heard = coordinator.serve(said, costs.coordinator / 2);
    events.add(said, () => {
      idle++;
      take(said);
    });
    events.add(heard, () => {
      end = heard;
      if (--open === 0) put(heard);
    });
  };
  put(0);
  for (let event = events.next(); event !== undefined; event = events.next()) event.what();
  return {
    workers,
    jobs: counts.reduce((sum, count) => sum + count, 0),
    length,
    seconds: end,
    efficiency: worked / workers / end,
    busy: { redis: redis.busy() / end, coordinator: coordinator.busy() / end, workers: worked / workers / end },
  };
};

if (process.argv[1]?.endsWith("simulate-queue.ts") && process.argv[2] !== undefined) {
  const { costs } = JSON.parse(readFileSync(process.argv[2], "utf8")) as { costs: Costs };
  const rows = [1, 10, 60, 600].flatMap((length) =>
    [10, 100, 1_000, 10_000].map((workers) => simulate(workers, 100_000, length, costs)),
  );
  process.stdout.write(`${JSON.stringify({ costs, simulated: rows }, null, 2)}\n`);
}
