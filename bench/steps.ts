import { execFile } from "node:child_process";
import { cpus, totalmem } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs, promisify } from "node:util";
import Table from "cli-table3";
import { writeJson } from "../src/support/files.ts";

/**
 * Our steps and PyTorch's in turn, each measurement a fresh process, and the ratio of the medians:
 *
 *   npm run bench [-- --rounds 5 --python python3 --out results/bench-steps.json --only convnet128]
 *
 * The rival is peers/torch_peer.py under whatever PyTorch `--python` has; without PyTorch only our side is measured.
 */
const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "5" },
    python: { type: "string", default: "python3" },
    out: { type: "string" },
    only: { type: "string" },
  },
});

interface Work {
  readonly name: string;
  readonly ours: readonly string[];
  readonly torch: readonly string[];
  readonly runs: number;
}

const works: readonly Work[] = [
  {
    name: "train step ConvNet128, batch 64",
    ours: ["--work", "train-step", "--model", "convnet128", "--batch", "64"],
    torch: ["train-step", "--model", "convnet128", "--batch", "64", "--classes", "10"],
    runs: 10,
  },
  {
    name: "train step ResNet18, batch 32",
    ours: ["--work", "train-step", "--model", "resnet18", "--batch", "32"],
    torch: ["train-step", "--model", "resnet18", "--batch", "32", "--classes", "10"],
    runs: 5,
  },
  {
    name: "INFER step ResNet18, 100 classes",
    ours: ["--work", "distill-step", "--model", "resnet18", "--classes", "100"],
    torch: ["distill-step", "--model", "resnet18", "--classes", "100", "--hooks"],
    runs: 5,
  },
];

interface Sample {
  readonly ms: number;
  readonly torch?: string;
  readonly firstStepMs?: number;
}

const run = promisify(execFile);
const here = (file: string): string => fileURLToPath(new URL(file, import.meta.url));

const measure = async (command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Sample> => {
  const { stdout } = await run(command, [...args], { env: { ...process.env, ...env } });
  return JSON.parse(stdout.trim().split("\n").at(-1)!) as Sample;
};

const median = (samples: readonly number[]): number => {
  const sorted = samples.toSorted((a, b) => a - b);
  return (sorted[Math.floor((sorted.length - 1) / 2)]! + sorted[Math.ceil((sorted.length - 1) / 2)]!) / 2;
};

const hugepages = { GLIBC_TUNABLES: "glibc.malloc.hugetlb=1" };
const rounds = Number(values.rounds);
const hasTorch = await run(values.python, ["-c", "import torch"]).then(
  () => true,
  () => false,
);
if (!hasTorch)
  console.error(`${values.python} has no PyTorch: only our side is measured (--python PATH names another)`);

const results = [];
for (const work of works.filter(({ name }) => values.only === undefined || name.toLowerCase().includes(values.only))) {
  const sides: Record<string, Sample[]> = { ours: [], torch: [], "torch, hugepages": [] };
  for (let round = 0; round < rounds; round++) {
    sides.ours!.push(
      await measure(process.execPath, ["--import", "tsx", here("step.ts"), ...work.ours, "--runs", String(work.runs)]),
    );
    if (!hasTorch) continue;
    const peer = [here("peers/torch_peer.py"), ...work.torch, "--runs", String(work.runs)];
    sides.torch!.push(await measure(values.python, peer));
    sides["torch, hugepages"]!.push(await measure(values.python, peer, hugepages));
    console.error(`${work.name}: round ${round + 1} of ${rounds}`);
  }
  const ours = sides.ours!.map((s) => s.ms);
  results.push({
    work: work.name,
    rounds,
    runsInRound: work.runs,
    firstStepMs: Math.round(median(sides.ours!.map((s) => s.firstStepMs ?? 0))),
    sides: Object.fromEntries(
      Object.entries(sides)
        .filter(([, samples]) => samples.length > 0)
        .map(([side, samples]) => {
          const ms = samples.map((s) => s.ms);
          // Round by round, since the machine's speed drifts.
          const ratios = ms.map((t, i) => t / ours[i]!);
          return [side, { ms, median: median(ms), ratio: median(ratios), ratios }];
        }),
    ),
    torch: sides.torch![0]?.torch,
  });
}

const table = new Table({
  head: ["step", "side", "median ms", "range over rounds", "times slower than ours (range)"],
  style: { head: [], border: [] },
});
const fixed = (n: number, digits: number): string => n.toFixed(digits);
for (const { work, sides, torch } of results) {
  for (const [side, { ms, median: middle, ratio, ratios }] of Object.entries(sides)) {
    const name = side === "ours" ? side : `${side} (PyTorch ${torch})`;
    const spread =
      side === "ours" ? "" : `${fixed(ratio, 2)} (${fixed(Math.min(...ratios), 2)}-${fixed(Math.max(...ratios), 2)})`;
    table.push([work, name, fixed(middle, 0), `${fixed(Math.min(...ms), 0)}-${fixed(Math.max(...ms), 0)}`, spread]);
  }
}
console.log(table.toString());
if (values.out) {
  const hardware = { cpu: cpus()[0]?.model.trim(), cores: cpus().length, memoryGiB: Math.round(totalmem() / 2 ** 30) };
  await writeJson(values.out, { hardware, node: process.version, results });
}
