import { cp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { filesIn } from "../../pipeline/tiny.ts";
import { commandLine } from "../ground.ts";
import { mutate } from "../mutate.ts";
import { mutateEither } from "../mutate-json.ts";
import { differenceOf, type Results, resultsIn } from "../results.ts";
import type { Input } from "./input.ts";

/** Reports are written anew, whatever stands there. */
const isRead = (path: string): boolean => !/^(report\.(json|html)|teachers\.json)$/.test(path);

/**
 * What the damage of a file cannot be told from: a wrong number of seconds, which stands in the report as it was written
 * down, and a recipe that was edited without changing what it says, which is left as it is.
 */
const excused: Readonly<Record<string, string>> = { "seconds.json": "report.html", "recipe.yaml": "recipe.yaml" };

const withoutExcused = (path: string, results: Results): Results =>
  Object.fromEntries(Object.entries(results).filter(([name]) => name !== excused[path]));

/** A run with one damaged file, taken up again: damage is refused or made good, and never shows in a result. */
const runFolder: Input = {
  name: "run",
  attempts: 200,
  lay: async ({ out, ground, random }) => {
    const from = random.int(4) === 0 ? ground.interrupted : ground.run;
    await cp(from, out, { recursive: true });
    const paths = (await filesIn(out)).filter(isRead);
    const path = paths[random.int(paths.length)]!;
    const whole = await readFile(join(out, path));
    const { bytes, how } = path.endsWith(".json")
      ? mutateEither(whole, random)
      : mutate(whole, random, path.endsWith(".yaml"));
    await writeFile(join(out, path), bytes);
    return {
      args: commandLine("run", out),
      how: `${path}: ${how.join(", ")}`,
      accepted: async () =>
        differenceOf(withoutExcused(path, await resultsIn(out)), withoutExcused(path, await resultsIn(ground.run))),
    };
  },
};

export const runs: readonly Input[] = [runFolder];
