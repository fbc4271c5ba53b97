import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { deviceNames } from "../src/runtime/index.ts";
import { DistilleryError } from "../src/support/errors.ts";

export interface Options {
  readonly rounds: number;
  readonly python: string;
  readonly out: string | undefined;
  readonly only: string | undefined;
  readonly device: string;
  readonly batches: readonly number[];
  readonly together: number;
  readonly rules: string;
  readonly settings: readonly string[];
  readonly pages: readonly string[];
  readonly runs: number | undefined;
  readonly threads: number;
  readonly others: number;
  readonly limit: number;
}

const help = `npm run bench [-- OPTIONS]: our steps and PyTorch's in turn, each measurement a fresh process

  --rounds 5           rounds of each step
  --only TEXT          only steps whose name holds TEXT, case aside
  --python python3     the Python that has PyTorch; without PyTorch only our side is measured
  --settings default,channels_last,compile     PyTorch's; join some by "+": compile+channels_last
  --pages plain,huge   each of them without and with glibc's huge pages (Linux)
  --runs N             samples of a side in a round, instead of each step's own number
  --others 0.08        share of one core that other processes may use during a sample; 100 accepts all
  --limit 90           seconds after which a process that is disturbed all the time gives up
  --threads N          threads of both sides; all cores
  --device cpu         cpu, webgpu, cuda (both sides in float32) or cuda-tf32: all but cpu beside PyTorch on the CUDA GPU
  --batches 64,256,1024    batch sizes on a GPU
  --together 1         steps queued at once, as one sample
  --rules device       none: our graphs without the rules that the device has for itself, to see what they bring
  --out FILE.json      default results/bench.json (bench-DEVICE.json), or nothing with --only; FILE.md beside it`;

/** Not "auto": a comparison has to know what it compares. */
const devices = deviceNames.filter((name) => name !== "auto");

const number = (name: string, text: string): number => {
  const n = Number(text);
  if (text === "" || !Number.isFinite(n) || n <= 0)
    throw new DistilleryError("USAGE", `--${name}: expected a number above 0, got "${text}"`);
  return n;
};

const list = (text: string): string[] =>
  text
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "");

/** The options of the command line, or undefined after help was asked for and printed. */
export const readOptions = (args: readonly string[]): Options | undefined => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      help: { type: "boolean", default: false },
      rounds: { type: "string", default: "5" },
      python: { type: "string", default: "python3" },
      out: { type: "string" },
      only: { type: "string" },
      device: { type: "string", default: "cpu" },
      batches: { type: "string", default: "64,256,1024" },
      together: { type: "string", default: "1" },
      rules: { type: "string", default: "device" },
      settings: { type: "string", default: "default,channels_last,compile" },
      pages: { type: "string", default: process.platform === "linux" ? "plain,huge" : "plain" },
      runs: { type: "string" },
      threads: { type: "string", default: `${availableParallelism()}` },
      others: { type: "string", default: "0.08" },
      limit: { type: "string", default: "90" },
    },
  });
  if (values.help) {
    console.log(help);
    return undefined;
  }
  if (!devices.some((name) => name === values.device))
    throw new DistilleryError("USAGE", `--device ${values.device}: expected one of ${devices.join(", ")}`);
  if (values.rules !== "device" && values.rules !== "none")
    throw new DistilleryError("USAGE", `--rules ${values.rules}: expected device or none`);
  const usual = values.device === "cpu" ? "results/bench.json" : `results/bench-${values.device}.json`;
  return {
    rounds: number("rounds", values.rounds),
    python: values.python,
    out: values.out ?? (values.only === undefined ? usual : undefined),
    only: values.only?.toLowerCase(),
    device: values.device,
    batches: list(values.batches).map((batch) => number("batches", batch)),
    together: number("together", values.together),
    rules: values.rules,
    settings: list(values.settings),
    // A GPU's memory is not malloc's.
    pages: values.device === "cpu" ? list(values.pages) : ["plain"],
    runs: values.runs === undefined ? undefined : number("runs", values.runs),
    threads: number("threads", values.threads),
    others: number("others", values.others),
    limit: number("limit", values.limit),
  };
};
