// Work for the runs of a Redis, and the standing of both.
import { resolve } from "node:path";
import { formatBytes, plural } from "../../support/format.ts";
import { freeMemory } from "../../support/memory.ts";
import { print, type World, working } from "../command.ts";
import type { OptionValues } from "../options.ts";
import type { Outcome } from "../output.ts";

/** Runs, their jobs, and workers. */
const status = async (where: string, note: (line: string) => void): Promise<Outcome> => {
  const [{ connect }, { openRuns }, { standing }, { seenWorkers }] = await Promise.all([
    import("../../distributed/queue/redis.ts"),
    import("../../distributed/queue/runs.ts"),
    import("../../distributed/queue/standing.ts"),
    import("../../distributed/queue/presence.ts"),
  ]);
  const link = await connect(where, note);
  try {
    const records = await openRuns(link);
    const runs = await Promise.all(
      records.map(async ({ id, command, by, version, put, store }) => {
        const { workers, refusals, ...jobs } = await standing(link, id);
        return { id, command, by, version, put: new Date(put).toISOString(), store: store.address, ...jobs, refusals };
      }),
    );
    const workers = await seenWorkers(link);
    const lines = [
      `${link.address}: ${plural(runs.length, "run")}, ${plural(workers.length, "worker")}`,
      ...runs.flatMap(({ id, command, by, waiting, running, failed, coordinated, refusals }) => [
        `run ${id}: ${command}, put by ${by}${coordinated ? "" : " (gone; the same command goes on)"}: ${waiting} waiting, ${running} running, ${failed} failed`,
        ...refusals.map((line) => `  ${line}`),
      ]),
      ...workers.map(
        ({ name, run, running, done, slots, memory }) =>
          `worker ${name}: ${run === undefined ? "no run" : `run ${run}`}, ${running.length} of ${slots} at work${running.length > 0 ? ` (${running.join(", ")})` : ""}, ${done} done, ${formatBytes(memory)}`,
      ),
    ];
    return { text: lines.join("\n"), json: { address: link.address, runs, workers } };
  } finally {
    link.close();
  }
};

const serve = (world: World, where: string, values: OptionValues): Promise<Outcome> =>
  working(world, async (tools) => {
    const [{ connect }, { work }] = await Promise.all([
      import("../../distributed/queue/redis.ts"),
      import("../../distributed/queue/work.ts"),
    ]);
    const text = (name: string): string | undefined =>
      typeof values[name] === "string" ? (values[name] as string) : undefined;
    const [data, archive, artefacts, scratch] = [text("data"), text("archive"), text("artefacts"), text("scratch")];
    const { jobs, memory, lock, checkpointEvery } = values;
    const link = await connect(where, tools.progress.note);
    try {
      const { done } = await work(
        link,
        {
          memory: typeof memory === "number" ? memory : freeMemory(),
          lock: typeof lock === "number" ? lock : 30,
          ...(typeof jobs === "number" && { jobs }),
          untilDone: values.untilDone === true,
          ...(data !== undefined && { data }),
          ...(archive !== undefined && { archive: resolve(archive) }),
          ...(artefacts !== undefined && { artefacts }),
          ...(scratch !== undefined && { scratch }),
          ...(typeof checkpointEvery === "number" && { secondsBetweenCheckpoints: checkpointEvery }),
        },
        tools,
      );
      return { text: `${plural(done, "job")} done`, json: { done } };
    } finally {
      link.close();
    }
  });

/** Does jobs of a queue, or says how it stands. */
export const workFromQueue = async (world: World, where: string, values: OptionValues): Promise<void> => {
  const outcome =
    values.status === true
      ? await working(world, ({ progress }) => status(where, progress.note))
      : await serve(world, where, values);
  print(world, outcome, values);
};
