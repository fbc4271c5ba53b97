import { existsSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { sleep } from "../e2e/processes.ts";
import { commandLine, type Ground } from "./ground.ts";
import { judge } from "./judge.ts";
import { type Launched, type Launching, launchNode } from "./launch.ts";
import type { Ended, Part } from "./part.ts";
import { differenceOf, resultsIn } from "./results.ts";

/** A run to be left in peace, and where it works. */
interface Crowd {
  readonly ground: Ground;
  readonly out: string;
  readonly start: () => Launching;
}

const until = async (process: Launching, so: () => boolean): Promise<void> => {
  while (process.running() && !so()) await sleep(2);
};

const working = (crowd: Crowd, process: Launching): Promise<void> =>
  until(process, () => existsSync(join(crowd.out, "2-teachers")));

/** The end of one who came second: refused, in words that name the process that is there. */
const turnedAway = (second: Launched, first: Launching): Ended => {
  const { ending, what } = judge(second);
  if (ending !== "refused") return { ending: ending === "done" ? "unseen" : ending, what: `the second: ${what}` };
  const named = new RegExp(`\\b${first.child.pid}\\b`).test(what) || what.includes(hostname());
  return { ending: named ? "refused" : "unsaid", what };
};

const asUndisturbed = async ({ ground, out }: Crowd, last: Launched): Promise<Ended> => {
  const { ending, what } = judge(last);
  if (ending !== "done") return { ending: ending === "refused" ? "lost" : ending, what };
  const difference = differenceOf(await resultsIn(out), await resultsIn(ground.run));
  return difference === undefined ? { ending: "done", what: "" } : { ending: "lost", what: difference };
};

/** The first that is not as it should be, or the last. */
const worst = (...ends: readonly Ended[]): Ended =>
  ends.find(({ ending }) => ending !== "done" && ending !== "refused") ?? ends.at(-1)!;

const meetings: Readonly<Record<string, (crowd: Crowd) => Promise<Ended>>> = {
  second: async (crowd) => {
    const first = crowd.start();
    await working(crowd, first);
    const refused = turnedAway(await crowd.start().ended, first);
    return worst(await asUndisturbed(crowd, await first.ended), refused);
  },
  /** One of them is first, whichever it is. */
  together: async (crowd) => {
    const both = [crowd.start(), crowd.start()];
    const ends = await Promise.all(both.map(({ ended }) => ended));
    const winner = ends.findIndex(({ exit }) => exit === 0);
    if (winner < 0) return { ending: "lost", what: `neither worked: ${judge(ends[0]!).what}` };
    const done = await asUndisturbed(crowd, ends[winner]!);
    return worst(done, turnedAway(ends[1 - winner]!, both[winner]!));
  },
  /** Whoever was killed cannot open the door himself. */
  "after a killed one": async (crowd) => {
    const first = crowd.start();
    await working(crowd, first);
    first.child.kill("SIGKILL");
    await first.ended;
    return asUndisturbed(crowd, await crowd.start().ended);
  },
  "after an interrupted one": async (crowd) => {
    const first = crowd.start();
    await working(crowd, first);
    first.child.kill("SIGINT");
    await first.ended;
    return asUndisturbed(crowd, await crowd.start().ended);
  },
  /** A process that is stopped is there all the same. */
  "beside a stopped one": async (crowd) => {
    const first = crowd.start();
    await working(crowd, first);
    first.child.kill("SIGSTOP");
    const refused = turnedAway(await crowd.start().ended, first);
    first.child.kill("SIGCONT");
    return worst(await asUndisturbed(crowd, await first.ended), refused);
  },
};

export const crowds: Part = {
  name: "crowds",
  title: "Two processes with one --out",
  ids: async (scale) => (scale < 1 ? ["second", "after a killed one"] : Object.keys(meetings)),
  open: async (ground) => ({
    attempt: async (id) => {
      const out = join(await ground.scratch(), "out");
      const start = (): Launching =>
        launchNode(ground.programs.watched, commandLine("run", out), { cwd: ground.folder });
      return meetings[id]!({ ground, out, start });
    },
    close: async () => undefined,
  }),
};
