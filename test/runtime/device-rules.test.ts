import { fromBinary } from "@bufbuild/protobuf";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildStep, type OurStep, type StepOptions } from "../../bench/our-step.ts";
import * as ad from "../../src/autodiff/index.ts";
import { tensorsOf } from "../../src/autodiff/tree.ts";
import type { Attributes, Op, Sample, Value } from "../../src/autodiff/value.ts";
import { lent } from "../../src/distill/lent.ts";
import { freshWeights } from "../../src/models/model.ts";
import { buildModel } from "../../src/models/registry.ts";
import { slowHyper } from "../../src/nn/lookahead.ts";
import { muon } from "../../src/nn/muon.ts";
import { hyperTensors } from "../../src/nn/optimisers.ts";
import { encodeModel, opset } from "../../src/onnx/encode.ts";
import { ModelProtoSchema, type NodeProto } from "../../src/onnx/onnx_pb.ts";
import { encodeSteps } from "../../src/onnx/steps.ts";
import { stateFirst } from "../../src/runtime/arrange.ts";
import { type Device, openDevice } from "../../src/runtime/index.ts";
import { kinds } from "../../src/runtime/kinds.ts";
import { stream } from "../../src/support/random.ts";
import { classification } from "../../src/tasks/classification.ts";
import { startTraining, traceTrainStep } from "../../src/training/train-step.ts";
import { floats, relativeError, rowNumbers, uniform } from "../autodiff/draw.ts";
import { derivatives, draw, operators } from "../autodiff/operator-cases.ts";
import { runGraph } from "../autodiff/run-graph.ts";
import { cudaKernels } from "./cuda-kernels.ts";

/** Nothing here runs on a GPU: what the rules of GPUs make of a graph is run on the CPU, and counted. */
const gpus = ["cuda", "webgpu"] as const;

const graphOf = (op: Op, sample: Sample<Attributes>) => {
  const one = draw(op, sample, stream(11, "ops", op.name));
  const { specs, fn, y } = derivatives(one);
  const traced = ad.trace(specs, (all) => fn(all as unknown as { x: Value[]; c: Value; d: Value[] }));
  const random = stream(12, "rules", op.name);
  const feeds = [
    ...one.inputs,
    ...[y, ...specs.d].map(({ shape, dtype }) =>
      dtype === "int64" ? rowNumbers(random, shape, 2) : uniform(random, shape),
    ),
  ];
  return { graph: traced.graph, feeds };
};

const samples = operators.flatMap((op) => op.samples.map((sample) => graphOf(op, sample as Sample<Attributes>)));

const work = (options: Partial<StepOptions> & Pick<StepOptions, "work" | "model">): OurStep =>
  buildStep({ batch: 4, classes: 3, real: 0, ...options });

/** Muon for filters, SGD for all else, under Lookahead. */
const muonUnderLookahead = (): Pick<OurStep, "traced" | "state" | "feeds"> => {
  const random = stream(0, "rules");
  const model = buildModel("convnet8x3", classification(4, { height: 16, width: 16 }));
  const [optimiser, options] = [muon(), { lookahead: true }];
  const traced = traceTrainStep(model, optimiser, { kind: "soft", temperature: 2 }, 4, options);
  return {
    traced: traced as unknown as OurStep["traced"],
    state: { ...startTraining(model, optimiser, freshWeights(model, random), options) },
    feeds: (i) => ({
      images: uniform(random, [4, 3, 16, 16]),
      targets: { targets: uniform(random, [4, 4]) },
      hyper: hyperTensors({ ...optimiser.hyper(i, 0.05), ...slowHyper(4 + i, 20) }),
    }),
  };
};

const steps: Readonly<Record<string, () => Pick<OurStep, "traced" | "state" | "feeds">>> = {
  "a training step of a ConvNet, AdamW": () => work({ work: "train-step", model: "convnet8" }),
  "a training step of a ResNet, AdamW": () => work({ work: "train-step", model: "resnet18w8" }),
  "a training step of a ConvNet, Muon under Lookahead": muonUnderLookahead,
  "an INFER step": () => work({ work: "distill-step", model: "convnet8" }),
  "a matching step": () => work({ work: "match-step", model: "convnet8" }),
  "a matching step that sees real images": () => work({ work: "match-step", model: "convnet8", real: 6 }),
};

describe.each(gpus)("under the rules of %s", (kind) => {
  const { rules } = kinds[kind];

  test("every operator's samples have the values and the first and second derivatives that they have without", async () => {
    for (const { graph, feeds } of samples) {
      const [plain, ruled] = [ad.simplify(graph), ad.simplify(graph, rules)];
      if (ad.printGraph(plain) === ad.printGraph(ruled)) continue;
      const [expected, actual] = [await runGraph(plain, feeds), await runGraph(ruled, feeds)];
      for (const [i, t] of expected.entries())
        expect(relativeError(floats(actual[i]!), floats(t)), ad.printGraph(graph)).toBeLessThan(3e-5);
    }
  });

  let devices: readonly [Device, Device];
  beforeAll(async () => {
    const open = { threads: 1, lowering: "standard" } as const;
    devices = [await openDevice("cpu", open), await openDevice("cpu", { ...open, rules, stride: () => 2 })];
  });
  afterAll(() => Promise.all(devices.map((device) => device.close())));

  test.each(Object.entries(steps))("%s leaves the state and the losses that it leaves without", async (_, build) => {
    const { traced, state, feeds } = build();
    const [plain, ruled] = await Promise.all(devices.map((device) => device.compileStep(traced)));
    // Of one state each: a difference of rounding would grow from step to step.
    let now = lent(state);
    for (const i of [0, 1]) {
      const given = feeds(i);
      const [expected, actual] = await Promise.all(
        [plain!, ruled!].map(async (stepper) => {
          await stepper.write(now as never);
          return { fetches: await stepper.run(lent(given) as never), state: await stepper.read() };
        }),
      );
      const before = new Map(tensorsOf(expected).map(({ path, leaf }) => [path, floats(leaf)]));
      for (const { path, leaf } of tensorsOf(actual)) {
        const [values, known] = [floats(leaf), before.get(path)!];
        // Batch norm takes a bias before it away again: its gradient is rounding, which Adam makes a step of.
        if (/conv\.bias$/.test(path)) continue;
        // The soft labels' loss is a small difference of logarithms near 1.
        if (path === "fetches.loss") expect(Math.abs(values[0]! - known[0]!), path).toBeLessThan(1e-6);
        else expect(relativeError(values, known), path).toBeLessThan(2e-4);
      }
      now = expected!.state as never;
    }
    await Promise.all([plain!.release(), ruled!.release()]);
  });
});

const nodesOf = (graph: ad.Graph): NodeProto[] => fromBinary(ModelProtoSchema, encodeModel(graph).bytes).graph!.node;

const stepGraphs = (): ad.Graph[] => Object.values(steps).map((build) => stateFirst(build().traced).graph);

test("whatever is lowered for cuda has a CUDA kernel of the version that our opset means", () => {
  expect(opset).toBe(20);
  const indices = ad.trace({ x: ad.float32(4, 3), rows: ad.int64(4) }, ({ x, rows }) => {
    const at = ad.plus(ad.times(ad.quotient(rows, 2), 2), ad.remainder(rows, 2));
    return [ad.gather(x, at, 0), ad.scatterAdd(x, at, 0, 4), ad.scatterAdd(x, at, 0, 2000)];
  });
  const graphs = [indices.graph, ...samples.map(({ graph }) => graph), ...stepGraphs()];
  const emitted = graphs.flatMap((graph) => nodesOf(ad.simplify(graph, kinds.cuda.rules)).map(({ opType }) => opType));
  const loop = fromBinary(
    ModelProtoSchema,
    encodeSteps(stateFirst(steps["an INFER step"]!().traced).graph, 1, 1e9).bytes,
  );
  const all = new Set([...emitted, ...loop.graph!.node.map(({ opType }) => opType)]);
  expect([...all].filter((opType) => cudaKernels[opType] === undefined)).toEqual([]);
  expect(all.size).toBeGreaterThan(40);
  const missed = Object.entries(cudaKernels).filter(
    ([
      ,
      {
        since,
        kernels: [from, to],
      },
    ]) => !(since === from || (to !== undefined && from < since && since <= to)),
  );
  expect(missed).toEqual([]);
});

test("no Split under the rules of webgpu writes more than seven tensors", () => {
  const outputs = [...samples.map(({ graph }) => graph), ...stepGraphs()].flatMap((graph) =>
    nodesOf(ad.simplify(graph, kinds.webgpu.rules)).flatMap(({ opType, output }) =>
      opType === "Split" ? [output.length] : [],
    ),
  );
  expect(Math.max(...outputs)).toBe(7);
});

/** Nodes that start a kernel: a Reshape gives memory another shape, and what depends on no input is done once for all. */
const kernels = (graph: ad.Graph): number => {
  const { bytes, inputs } = encodeModel(graph);
  const live = new Set<string>(inputs);
  return fromBinary(ModelProtoSchema, bytes).graph!.node.filter(({ opType, input, output }) => {
    if (!input.some((name) => live.has(name))) return false;
    for (const name of output) live.add(name);
    return opType !== "Reshape" && opType !== "Identity";
  }).length;
};

/** docs/decisions/devices.md quotes these. */
test.each([
  ["train ConvNet128, batch 64", { work: "train-step", model: "convnet128", batch: 64, classes: 10 }, [398, 247, 279]],
  ["train ResNet18, batch 128", { work: "train-step", model: "resnet18", batch: 128, classes: 10 }, [2059, 1224, 1391]],
  ["INFER, ResNet18, 100 classes", { work: "distill-step", model: "resnet18", classes: 100 }, [892, 792, 812]],
  ["match, means known", { work: "match-step", model: "convnet128", batch: 40, classes: 10 }, [115, 107, 113]],
  ["match, 128 real", { work: "match-step", model: "convnet128", batch: 40, classes: 10, real: 128 }, [169, 161, 167]],
] as const)("kernels of a step on the CPU, cuda and WebGPU: %s", (_, options, expected) => {
  const { graph } = stateFirst(work(options).traced);
  expect((["cpu", "cuda", "webgpu"] as const).map((kind) => kernels(ad.simplify(graph, kinds[kind].rules)))).toEqual(
    expected,
  );
});
