import { EventEmitter, once } from "node:events";
import { lstatSync, readdirSync } from "node:fs";
import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { present } from "../../../src/cli/present.ts";
import { runCommandLine } from "../../../src/cli/program.ts";
import { stream } from "../../../src/support/random.ts";
import { captured } from "../../cli/world.ts";
import { groundAt } from "../ground.ts";
import { judge } from "../judge.ts";
import type { Ended } from "../part.ts";
import { type Ask, inputs } from "./index.ts";

/** What the child says: that it has started, that an input is laid out and the command may go, how it ended. */
export type Message = "ready" | "laid" | Ended;

// Makes attempts in its own process, one after the other, as its parent asks for them: the parent ends it where it takes too
// long or too much memory, and sees it die. Arguments: the ground's folder, the seed, a folder of its own.

const [folder = "", seed = "0", own = ""] = process.argv.slice(2);
const ground = groundAt(folder, Number(seed));
process.chdir(folder);

const say = (message: Message): void => void process.send?.(message);

/** Tells that the command comes next, and waits until it may. */
const permission = async (): Promise<void> => {
  const told = once(process, "message");
  say("laid");
  await told;
};

const ask: Ask = async (...args) => {
  const [out, err] = [captured(), captured()];
  const exit = await runCommandLine(args, {
    stdout: out.stream,
    stderr: err.stream,
    signals: new EventEmitter(),
    loadCommands: async () => present((await import("../../../src/pipeline/pipeline.ts")).commands),
  });
  return { exit, stdout: out.text(), stderr: err.text() };
};

/** Everything below the own folder that is not below `out`, with when it was written, and what the ground's folder holds. */
const surroundings = (out: string): string[] => [
  ...readdirSync(folder).filter((name) => !/^(lane|scratch)-/.test(name)),
  ...readdirSync(own, { recursive: true, withFileTypes: true })
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => path !== out && !path.startsWith(`${out}/`))
    .map((path) => {
      const { mtimeNs, size, mode } = lstatSync(path, { bigint: true });
      // A folder's own time tells of what its entries tell already.
      return `${path} ${mode} ${(mode & 0o170000n) === 0o040000n ? "" : `${mtimeNs} ${size}`}`;
    }),
];

const attempt = async (id: string): Promise<Ended> => {
  const [name, number = ""] = id.split("/");
  const input = inputs.find((each) => each.name === name);
  if (input === undefined) throw new RangeError(`no input ${id}`);
  // Deep enough that `../..` leads to a folder that is looked at.
  const place = { folder: join(own, "a/b/c"), out: join(own, "a/b/c/out"), ground, random: stream(ground.seed, id) };
  await mkdir(place.folder, { recursive: true });
  const { args, how, accepted } = await input.lay(place, number);
  const before = surroundings(place.out);
  await permission();
  const said = await ask(...args);
  const after = surroundings(place.out);
  const touched = [...after.filter((entry) => !before.includes(entry)), ...before.filter((e) => !after.includes(e))][0];
  const ended = judge(said);
  if (ended.ending === "crash") return { ...ended, what: `${how}: ${ended.what}` };
  if (touched !== undefined) return { ending: "outside", what: `${how}: ${touched}` };
  const wrong = ended.ending === "done" ? await accepted?.(said, ask) : undefined;
  if (wrong !== undefined) return { ending: "unseen", what: `${how}: ${wrong}` };
  return { ...ended, what: `${how}: ${ended.what}` };
};

const empty = async (): Promise<void> => {
  for (const name of await readdir(own)) await rm(join(own, name), { recursive: true, force: true });
};

process.on("message", (id: string) => {
  if (id === "go") return;
  void empty()
    .then(() => attempt(id))
    .then(say);
});
process.on("disconnect", () => process.exit());
say("ready");
