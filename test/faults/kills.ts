import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { stream } from "../../src/support/random.ts";
import { sleep } from "../e2e/processes.ts";
import { isTimes, timesIn } from "../pipeline/tiny.ts";
import { commandLine, type Ground, type recipes } from "./ground.ts";
import { judge } from "./judge.ts";
import { type Launched, launchNode } from "./launch.ts";
import { type Ended, type Part, thinned } from "./part.ts";
import { differenceOf, type Results, resultsIn } from "./results.ts";

type Command = keyof typeof recipes;

/** Attempts at full scale. */
const counts = { run: 70, compare: 30 } as const satisfies Record<Command, number>;

/** Milliseconds of computing in an undisturbed command, about; moments of death are drawn from them. */
const durations = { run: 2500, compare: 3000 } as const satisfies Record<Command, number>;

/** How often an attempt is killed; drawn from. */
const deaths = [1, 1, 1, 1, 2, 3];

/**
 * Finished work, which must not be made anew; reports and accounts are written each time, a student's seconds before its
 * result.
 */
const isWork = (path: string): boolean =>
  /\/.*\.(safetensors|json|png)$/.test(path) &&
  !/^teachers\.json$/.test(path) &&
  !isTimes(path) &&
  !path.includes(".writing-");

/** Kills a command at a moment after its folder is there, and tells which work was finished by then. */
const killOnce = async (ground: Ground, command: Command, out: string, often: boolean, moment: number) => {
  const program = often ? ground.programs.watched : ground.programs.main;
  const running = launchNode(program, commandLine(command, out), { cwd: ground.folder });
  while (running.running() && !existsSync(join(out, "recipe.yaml"))) await sleep(2);
  await sleep(moment);
  running.child.kill("SIGKILL");
  const ended = await running.ended;
  return { ended, times: existsSync(out) ? await timesIn(out) : {} };
};

const madeAnew = (before: Record<string, bigint>, after: Record<string, bigint>): string[] =>
  Object.keys(before).filter((path) => isWork(path) && after[path] !== undefined && after[path] !== before[path]);

/** A command that was killed one to three times and then left alone must end as if nothing had been. */
const attempt = async (ground: Ground, id: string, references: Record<Command, Results>): Promise<Ended> => {
  const [command, number] = id.split("/") as [Command, string];
  const random = stream(ground.seed, "kill", id);
  const out = join(await ground.scratch(), "out");
  const often = Number(number) % 2 === 0;
  const moments = Array.from({ length: deaths[random.int(deaths.length)]! }, () => random.int(durations[command]));
  const dead = `killed ${moments.join(", ")} ms after its folder was there${often ? ", with checkpoints all the time" : ""}`;
  const lost = new Set<string>();
  let times: Record<string, bigint> = {};
  const compare = (after: Record<string, bigint>): void => {
    for (const path of madeAnew(times, after)) lost.add(path);
    times = after;
  };
  for (const moment of moments) {
    const killed = await killOnce(ground, command, out, often, moment);
    compare(killed.times);
    if (killed.ended.signal === null && killed.ended.exit !== 0) return told(killed.ended, dead);
  }
  const last = await launchNode(ground.programs.main, commandLine(command, out), { cwd: ground.folder }).ended;
  if (last.exit !== 0) return told(last, dead);
  compare(await timesIn(out));
  const difference = differenceOf(await resultsIn(out), references[command]);
  await rm(join(out, ".."), { recursive: true });
  if (difference !== undefined) return { ending: "lost", what: `${dead}: ${difference}` };
  if (lost.size > 0) return { ending: "lost", what: `${dead}: made anew: ${[...lost].slice(0, 3).join(", ")}` };
  return { ending: "done", what: dead };
};

/** A resumed command must not be refused, whatever the reason. */
const told = (ended: Launched, dead: string): Ended => {
  const { ending, what } = judge(ended);
  return { ending: ended.late ? "hang" : ending === "refused" ? "lost" : ending, what: `${dead}: ${what}` };
};

export const kills: Part = {
  name: "kills",
  title: "Commands killed at random moments (SIGKILL, one to three times) and resumed",
  ids: async (scale) =>
    (["run", "compare"] as const).flatMap((command) =>
      thinned(counts[command], scale).map((number) => `${command}/${number}`),
    ),
  open: async (ground) => {
    const references = { run: await resultsIn(ground.run), compare: await resultsIn(ground.comparison) };
    return { attempt: (id) => attempt(ground, id, references), close: async () => undefined };
  },
};
