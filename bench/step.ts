import { performance } from "node:perf_hooks";
import { parseArgs } from "node:util";
import { openDevice } from "../src/runtime/index.ts";
import { flopsOf } from "./flops.ts";
import { takeGuarded } from "./guard.ts";
import { buildStep } from "./our-step.ts";
import { median, rounded } from "./statistics.ts";

/**
 * Times one kind of our steps and prints one JSON line of the same form as peers/guarded.py:
 *
 *   step.ts --work train-step|distill-step|match-step --model convnet128|resnet18|inverted --batch 64 --classes 10 [--real 128]
 *           [--device cpu] [--rules device|none] [--threads 2] [--runs 10] [--warmup 2] [--together 1] [--others 0.08] [--limit 90]
 */
const { values } = parseArgs({
  options: {
    work: { type: "string", default: "train-step" },
    model: { type: "string", default: "convnet128" },
    batch: { type: "string", default: "64" },
    classes: { type: "string", default: "10" },
    real: { type: "string", default: "0" },
    device: { type: "string", default: "cpu" },
    threads: { type: "string", default: "2" },
    runs: { type: "string", default: "10" },
    warmup: { type: "string", default: "2" },
    together: { type: "string", default: "1" },
    rules: { type: "string", default: "device" },
    others: { type: "string", default: "0.08" },
    limit: { type: "string", default: "90" },
  },
});
const together = Number(values.together);

const started = performance.now();
const { model, traced, state, steps, feeds } = buildStep({
  work: values.work,
  model: values.model,
  batch: Number(values.batch),
  classes: Number(values.classes),
  real: Number(values.real),
});
const device = await openDevice(values.device, {
  threads: Number(values.threads),
  ...(values.rules === "none" && { rules: { rewrites: [] } }),
});
const stepper = await device.compileStep(traced);
await stepper.write(state as Parameters<typeof stepper.write>[0]);

let done = 0;
const { several } = stepper;
/** One sample: `together` steps queued at once, as many in one run as the device wants, in milliseconds a step. */
const sample = async (): Promise<number> => {
  const given = Array.from({ length: together * steps }, () => feeds(done++)) as Parameters<typeof stepper.run>[0][];
  const stride = several?.stride ?? 1;
  const runs = Array.from({ length: Math.ceil(given.length / stride) }, (_, i) => {
    const together = given.slice(stride * i, stride * (i + 1));
    return several?.prepare(together) ?? (() => stepper.run(together[0]!));
  });
  const start = performance.now();
  await Promise.all(runs.map((run) => run()));
  return (performance.now() - start) / together;
};

await sample();
const firstStepMs = performance.now() - started;
for (let i = 1; i < Number(values.warmup); i++) await sample();
const { samples, dropped, guarded } = await takeGuarded(sample, {
  runs: Number(values.runs),
  share: Number(values.others),
  limit: 1000 * Number(values.limit),
});
await device.close();
console.log(
  JSON.stringify({
    work: values.work,
    model: model.name,
    batch: Number(values.work === "distill-step" ? values.classes : values.batch),
    ms: rounded(median(samples)),
    samples: samples.map((ms) => rounded(ms)),
    dropped,
    guarded,
    firstStepMs: rounded(firstStepMs),
    // Linux counts in KiB, and Node makes it so elsewhere.
    peakMiB: rounded(process.resourceUsage().maxRSS / 1024, 0),
    gflop: rounded((steps * flopsOf(traced.graph)) / 1e9, 3),
    device: values.device,
    threads: Number(values.threads),
  }),
);
