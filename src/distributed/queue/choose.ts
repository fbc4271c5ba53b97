// The choice of the run that a worker serves.
import { version } from "../../support/version.ts";
import type { Link } from "./redis.ts";
import { countsOf, openRuns, type RunRecord } from "./runs.ts";

/** Runs that a worker cannot serve, with the reason. */
export type Refused = Map<string, string>;

/** The reason why this program cannot serve a run, whatever its data. */
const mismatch = (record: RunRecord): string | undefined =>
  record.version === version()
    ? undefined
    : `run ${record.id} refused: it is of distillery ${record.version}, this worker of ${version()}; install the same version`;

/**
 * The oldest open run that has jobs waiting, or else the oldest whose coordinator lives: more may come. Those that are refused
 * are passed over, after `refuse` was told why.
 */
export const chooseRun = async (
  link: Link,
  refused: Refused,
  refuse: (id: string, why: string) => void,
): Promise<RunRecord | undefined> => {
  let later: RunRecord | undefined;
  for (const record of await openRuns(link)) {
    if (refused.has(record.id)) continue;
    const why = mismatch(record);
    if (why !== undefined) {
      refuse(record.id, why);
      continue;
    }
    const { waiting, running, coordinated } = await countsOf(link, record.id);
    if (waiting > 0) return record;
    // Jobs that are running elsewhere may come back.
    if (coordinated || running > 0) later ??= record;
  }
  return later;
};
