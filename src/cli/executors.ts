// Executors that options ask for.
import type { Executor } from "../support/work/executor.ts";
import type { OptionValues } from "./options.ts";

/**
 * The executor of a command's jobs: one that shares results by the store of --artefacts; undefined where this process does all for
 * itself. A dry run asks no other machine.
 */
export const executorFrom = async ({ artefacts, dryRun }: OptionValues): Promise<Executor | undefined> => {
  if (typeof artefacts !== "string" || dryRun === true) return undefined;
  // Loaded only where it is asked for: the other commands start at once.
  const [{ openStore }, { withArtefacts }] = await Promise.all([
    import("../distributed/artefacts/open-store.ts"),
    import("../distributed/with-artefacts.ts"),
  ]);
  return withArtefacts(await openStore(artefacts));
};
