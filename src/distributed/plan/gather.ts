// Gathering a plan's results: its command, with every result taken from the store and none made.

import { DistilleryError } from "../../support/errors.ts";
import { plural } from "../../support/format.ts";
import type { Executor, Offer } from "../../support/work/executor.ts";
import type { ArtefactStore } from "../artefacts/store.ts";
import { fetchResults } from "../transfer.ts";
import { failuresOf } from "./failures.ts";
import { checkGround } from "./ground.ts";
import { describeLacking, jobNamed } from "./lacking.ts";
import type { Plan, PlannedJob } from "./plan.ts";
import { folderIn } from "./record.ts";

/** Ends a piece whose results are not all there. */
class Lacking extends Error {}

/** The executor of a plan's command in the folder `out`. It goes as far as it can, so that all jobs are named that are to be done. */
export const gathering = (plan: Plan, store: ArtefactStore, out: string): Executor => {
  const lacking: PlannedJob[] = [];
  const fail = async (): Promise<never> => {
    const jobs = await describeLacking(
      [...new Set(lacking)].sort((a, b) => a.index - b.index),
      failuresOf(plan, store),
    );
    throw new DistilleryError(
      "ARTEFACTS",
      `${store.address} lacks the results of ${jobs}, and of what needs them; do them with \`distillery work PLAN --index N\`, ${plural(plan.jobs.length, "job")} in all`,
    );
  };
  let inPiece = false;
  const take = async (offer: Offer): Promise<void> => {
    const absent = await fetchResults(store, offer);
    if (absent.length === 0) return;
    lacking.push(...absent.map(({ name }) => jobNamed(plan, folderIn(out, offer), name)));
    if (inPiece) throw new Lacking();
    await fail();
  };
  return {
    elsewhere: true,
    begin: async (ground) => checkGround(plan, ground),
    run: take,
    pieces: async <T>(names: readonly string[], piece: (index: number) => Promise<T>): Promise<T[]> => {
      inPiece = true;
      const results: T[] = [];
      for (const index of names.keys()) {
        try {
          results.push(await piece(index));
        } catch (error) {
          if (!(error instanceof Lacking)) throw error;
        }
      }
      inPiece = false;
      if (lacking.length > 0) await fail();
      return results;
    },
  };
};
