import { writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { clear, type Ground, layGround } from "./ground.ts";
import { countsOf, faultsOf, type Tried, tryPart } from "./lanes.ts";
import { pageOf } from "./page.ts";
import { parts } from "./parts.ts";

// Disturbs the program in every way of `parts` and writes results/faults.md. Ends with status 1 when there are faults.
//
//   npm run faults                                       all of it, about 20 minutes on two cores
//   npm run faults -- --scale 0.1 --only kills,disks     a tenth of some parts; the page is not written
//   npm run faults -- --repeat damaged:png/12            one attempt again

const { values } = parseArgs({
  options: {
    scale: { type: "string", default: "1" },
    seed: { type: "string", default: "0" },
    only: { type: "string" },
    repeat: { type: "string" },
  },
});
const [scale, seed] = [Number(values.scale), Number(values.seed)];
const say = (line: string): void => void process.stdout.write(`${line}\n`);

const page = fileURLToPath(new URL("../../results/faults.md", import.meta.url));

const repeat = async (ground: Ground, name: string): Promise<boolean> => {
  const colon = name.indexOf(":");
  const part = parts.find((each) => each.name === name.slice(0, colon));
  if (part === undefined) throw new RangeError(`--repeat ${name}: expected PART:ID, as a fault is printed`);
  const id = name.slice(colon + 1);
  const tried = await tryPart({ ...part, ids: async () => [id] }, 1, ground);
  for (const { ending, what } of tried.attempts) say(`${ending}: ${what}`);
  return faultsOf(tried).length === 0;
};

const all = async (ground: Ground): Promise<boolean> => {
  const wanted = values.only?.split(",");
  const tried: Tried[] = [];
  for (const part of parts.filter(({ name }) => wanted === undefined || wanted.includes(name))) {
    const result = await tryPart(part, scale, ground, say);
    const counts = [...countsOf(result.attempts)].map(([ending, count]) => `${count} ${ending}`).join(", ");
    say(`${part.name}: ${result.attempts.length} attempts in ${result.seconds.toFixed(0)} s: ${counts}`);
    tried.push(result);
  }
  if (wanted === undefined && scale === 1) await writeFile(page, pageOf(tried, seed, scale));
  return tried.flatMap(faultsOf).length === 0;
};

const ground = await layGround(seed);
try {
  const well = values.repeat === undefined ? await all(ground) : await repeat(ground, values.repeat);
  process.exitCode = well ? 0 : 1;
} finally {
  await clear(ground);
}
