// Executors that options ask for.
import { join, resolve } from "node:path";
import { listSources } from "../data/sources/source.ts";
import type { EvaluateContext, RecipeCommand } from "../pipeline/commands.ts";
import type { Recipe } from "../recipe/recipe.ts";
import { idleOption, type OptionValues } from "./options.ts";

/** The part of a command's context that says who does its jobs, and the way to end that. */
export interface Executing {
  readonly context: Pick<EvaluateContext, "executor" | "threads">;
  close(): Promise<void>;
}

/** Data by a path that other processes of this machine understand; names stay. */
const placed = (recipe: Recipe): Recipe =>
  listSources().some(({ name }) => name === recipe.data) ? recipe : { ...recipe, data: resolve(recipe.data) };

const onQueue = async (
  where: string,
  values: OptionValues,
  command: RecipeCommand,
  recipe: Recipe,
  context: EvaluateContext,
): Promise<Executing> => {
  const { out, set, archive, maxPixels, threads = 1, progress } = context;
  const [{ openStore }, { connect }, { coordinate }] = await Promise.all([
    import("../distributed/artefacts/open-store.ts"),
    import("../distributed/queue/redis.ts"),
    import("../distributed/queue/coordinator.ts"),
  ]);
  const store = await openStore(typeof values.artefacts === "string" ? values.artefacts : join(out, "..", "artefacts"));
  const link = await connect(where, progress.note);
  const given = {
    ...(set !== undefined && { set: resolve(set) }),
    ...(archive !== undefined && { archive: resolve(archive) }),
    ...(maxPixels !== undefined && { maxPixels }),
  };
  const { executor, close } = coordinate(
    link,
    store,
    { command, recipe: placed(recipe), threads, given, out },
    context,
  );
  return {
    context: { executor, threads },
    close: () => close().finally(link.close),
  };
};

const sharing = async (where: string): Promise<Executing> => {
  // Loaded only where it is asked for: the other commands start at once.
  const [{ openStore }, { withArtefacts }] = await Promise.all([
    import("../distributed/artefacts/open-store.ts"),
    import("../distributed/with-artefacts.ts"),
  ]);
  return { context: { executor: withArtefacts(await openStore(where)) }, close: async () => undefined };
};

/**
 * Whoever does a command's jobs: the workers of --queue; this process, which shares results by the store of --artefacts; or this
 * process for itself. A dry run asks no other machine. @throws USAGE for --jobs that no process would take.
 */
export const executing = async (
  values: OptionValues,
  command: RecipeCommand,
  recipe: Recipe,
  context: EvaluateContext,
): Promise<Executing> => {
  const { queue, artefacts, dryRun, jobs } = values;
  if (queue !== undefined && jobs !== undefined) {
    throw idleOption("--jobs", "is for the jobs of this process; with --queue each worker has its own --jobs");
  }
  if (dryRun === true) return { context: {}, close: async () => undefined };
  if (typeof queue === "string") return onQueue(queue, values, command, recipe, context);
  if (typeof artefacts === "string") return sharing(artefacts);
  return { context: {}, close: async () => undefined };
};
