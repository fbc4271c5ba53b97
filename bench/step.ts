import { performance } from "node:perf_hooks";
import { parseArgs } from "node:util";
import { mapTree, sizeOf, type Tensor, type TensorType, type Traced, tensor } from "../src/autodiff/index.ts";
import { traceCompensatorStep } from "../src/distill/compensator-step.ts";
import { freshWeights } from "../src/models/model.ts";
import { buildModel } from "../src/models/registry.ts";
import { adam, adamw } from "../src/nn/optimisers.ts";
import { openDevice } from "../src/runtime/index.ts";
import { stream } from "../src/support/random.ts";
import { traceTrainStep } from "../src/training/train-step.ts";

/**
 * Times one kind of step and prints one JSON line of the same form as peers/torch_peer.py:
 *
 *   step.ts --work train-step|distill-step --model convnet128|resnet18 --batch 64 --classes 10 [--device cpu] [--runs 10]
 */
const { values } = parseArgs({
  options: {
    work: { type: "string", default: "train-step" },
    model: { type: "string", default: "convnet128" },
    batch: { type: "string", default: "64" },
    classes: { type: "string", default: "10" },
    device: { type: "string", default: "cpu" },
    threads: { type: "string", default: "2" },
    runs: { type: "string", default: "10" },
    warmup: { type: "string", default: "2" },
  },
});
const [batch, classes, runs, warmup] = [values.batch, values.classes, values.runs, values.warmup].map(Number) as [
  number,
  number,
  number,
  number,
];
const random = stream(0, "bench");

const filled = ({ dtype, shape }: TensorType): Tensor =>
  dtype === "int64"
    ? tensor(
        BigInt64Array.from({ length: sizeOf(shape) }, (_, i) => BigInt(i)),
        shape,
      )
    : tensor(
        Float32Array.from({ length: sizeOf(shape) }, () => 0.05 + 0.1 * random.float()),
        shape,
      );

const task = { classes, image: { height: 32, width: 32 } };
const model = buildModel(values.model, task);
const traced =
  values.work === "train-step"
    ? traceTrainStep(model, adamw(), { kind: "soft", temperature: 30 }, batch)
    : traceCompensatorStep(
        { model, weights: freshWeights(model, random) },
        adam({ beta1: 0.5, beta2: 0.9 }),
        { mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] },
        1,
      );

const started = performance.now();
const device = await openDevice(values.device, { threads: Number(values.threads) });
type Any = Record<string, TensorType>;
const stepper = await device.compileStep(
  traced as unknown as Traced<{ state: Any; feeds: Any }, { state: Any; fetches: Any }>,
);
const inputs = traced.inputs as unknown as { state: Any; feeds: Any };
await stepper.write(mapTree<Any, TensorType, Tensor>(inputs.state, filled));
const times: number[] = [];
let firstStep = 0;
for (let i = 0; i < warmup + runs; i++) {
  const feeds = mapTree<Any, TensorType, Tensor>(inputs.feeds, filled);
  const start = performance.now();
  await stepper.run(feeds);
  if (i === 0) firstStep = performance.now() - started;
  if (i >= warmup) times.push(performance.now() - start);
}
await device.close();
times.sort((a, b) => a - b);
const round = (n: number): number => Math.round(100 * n) / 100;
console.log(
  JSON.stringify({
    work: values.work,
    model: values.model,
    batch: values.work === "train-step" ? batch : classes,
    ms: round(times[Math.floor(times.length / 2)]!),
    min: round(times[0]!),
    max: round(times.at(-1)!),
    runs,
    firstStepMs: round(firstStep),
    device: values.device,
  }),
);
