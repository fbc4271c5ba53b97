import { cp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { filesIn } from "../../distill/tiny.ts";
import { commandLine } from "../ground.ts";
import { mutate } from "../mutate.ts";
import { mutateEither } from "../mutate-json.ts";
import { differenceOf, resultsIn } from "../results.ts";
import type { Input } from "./input.ts";

/** Reports are written anew, whatever stands there. */
const isRead = (path: string): boolean => !/^(report\.(json|html)|teachers\.json)$/.test(path);

/** A run with one damaged file, taken up again: damage is refused or made good, and never shows in a result. */
const runFolder: Input = {
  name: "run",
  attempts: 300,
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
      accepted: async () => differenceOf(await resultsIn(out), await resultsIn(ground.run)),
    };
  },
};

export const runs: readonly Input[] = [runFolder];
