import Table from "cli-table3";
import { openDevice } from "../src/runtime/index.ts";
import { DistilleryError } from "../src/support/errors.ts";
import { writeAtomic, writeJson } from "../src/support/files.ts";
import { describeMachine } from "./machine.ts";
import { lineFrom, ours } from "./measure.ts";
import { type Options, readOptions } from "./options.ts";
import { markdownOf, notesOf, type Report, tablesOf } from "./report.ts";
import type { Roofline } from "./roofline.ts";
import { roundsOf } from "./rounds.ts";
import { settingsOf } from "./settings.ts";
import { summarise, type WorkSummary } from "./summary.ts";
import { gpuWorks, processorWorks, type Work } from "./works.ts";

/** `npm run bench`: ours and PyTorch's steps in turn. The rival is peers/torch_peer.py under the PyTorch of `--python`. */

interface Rival {
  readonly torch: string;
  readonly gpu: string | null;
}

const probe = `
import json, torch
print(json.dumps({"torch": torch.__version__, "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None}))`;

/** The rival's version, or undefined where it cannot be run on the device. */
const findRival = async ({ python, device }: Options): Promise<Rival | undefined> => {
  try {
    const rival = await lineFrom<Rival>(python, ["-c", probe]);
    if (device === "cpu") return { torch: rival.torch, gpu: null };
    if (rival.gpu !== null) return rival;
    console.error(`PyTorch ${rival.torch} of ${python} finds no CUDA GPU: only our side is measured`);
  } catch {
    console.error(`${python} has no PyTorch: only our side is measured (--python PATH names another)`);
  }
  return undefined;
};

/** Throws the DEVICE error, which says how to get it, before anything is measured. */
const checkDevice = async (name: string): Promise<void> => {
  if (name !== "cpu") await (await openDevice(name)).close();
};

const chosenWorks = ({ device, batches, only }: Options): readonly Work[] => {
  const all = device === "cpu" ? processorWorks : gpuWorks(batches);
  const chosen = all.filter(({ name }) => only === undefined || name.toLowerCase().includes(only));
  if (chosen.length === 0)
    throw new DistilleryError(
      "USAGE",
      `--only ${only}: no such step; known: ${all.map(({ name }) => name).join("; ")}`,
    );
  return chosen;
};

const save = async (file: string, report: Report): Promise<void> => {
  await writeJson(file, report);
  await writeAtomic(file.replace(/(\.json)?$/, ".md"), markdownOf(report));
};

const bench = async (options: Options): Promise<void> => {
  const works = chosenWorks(options);
  for (const work of works) settingsOf(work, options.settings, options.pages);
  await checkDevice(options.device);
  const rival = await findRival(options);
  const { device, rules, threads, others, together, out } = options;
  const roofline = await ours<Roofline>("roofline.ts", [
    ...["--device", device, "--threads", `${threads}`, "--others", `${others}`],
  ]);
  const finished: WorkSummary[] = [];
  let guarded = true;
  const reportWith = (last: readonly WorkSummary[]): Report => ({
    machine: describeMachine(rival),
    device,
    settings: { rounds: options.rounds, threads, together, rules, others, guarded },
    roofline,
    works: [...finished, ...last],
  });
  for (const work of works) {
    let latest: WorkSummary | undefined;
    for await (const sides of roundsOf(work, options, rival !== undefined)) {
      guarded &&= sides.ours.rounds.every((round) => round?.guarded ?? true);
      latest = summarise(work.name, sides.ours, sides.torch);
      // After every round: a run of an hour may be cut short.
      if (out !== undefined) await save(out, reportWith([latest]));
    }
    if (latest) finished.push(latest);
  }
  const report = reportWith([]);
  console.log(notesOf(report).join("\n"));
  for (const { title, head, rows } of tablesOf(report)) {
    const table = new Table({ head: [...head], style: { head: [], border: [] } });
    for (const row of rows) table.push([...row]);
    console.log(`\n${title}\n${table.toString()}`);
  }
  if (out !== undefined) console.log(`\n${out} and its .md`);
};

try {
  const options = readOptions(process.argv.slice(2));
  if (options) await bench(options);
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
