import { fromBinary } from "@bufbuild/protobuf";
import { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildStep, type OurStep } from "../../bench/our-step.ts";
import * as ad from "../../src/autodiff/index.ts";
import { lent } from "../../src/distill/lent.ts";
import { freshWeights } from "../../src/models/model.ts";
import { buildModel } from "../../src/models/registry.ts";
import { hyperTensors, sgd } from "../../src/nn/optimisers.ts";
import { ModelProtoSchema } from "../../src/onnx/onnx_pb.ts";
import { encodeSteps } from "../../src/onnx/steps.ts";
import { type Device, openDevice } from "../../src/runtime/index.ts";
import { kinds } from "../../src/runtime/kinds.ts";
import { sha256 } from "../../src/support/files.ts";
import { stream } from "../../src/support/random.ts";
import { classification } from "../../src/tasks/classification.ts";
import { startTraining, traceTrainStep } from "../../src/training/train-step.ts";
import { vector } from "./tensors.ts";

const { float32, int64, tensor, trace } = ad;

/** The bits of a step's state and fetches, leaf by leaf. */
const bits = (tree: unknown): string[] =>
  ad
    .tensorsOf(tree)
    .map(({ leaf }) => sha256(new Uint8Array(leaf.data.buffer, leaf.data.byteOffset, leaf.data.byteLength)));

/** Forward with batch statistics, cross entropy, backward, SGD with momentum. */
const training = (): Pick<OurStep, "traced" | "state" | "feeds"> => {
  const random = stream(0, "several");
  const model = buildModel("convnet24x2", classification(4, { height: 8, width: 8 }));
  const optimiser = sgd({ momentum: 0.9, weightDecay: 1e-4 });
  const normal = (...shape: number[]) =>
    tensor(
      Float32Array.from({ length: ad.sizeOf(shape) }, () => random.normal()),
      shape,
    );
  const traced = traceTrainStep(model, optimiser, { kind: "soft", temperature: 4 }, 6) as unknown as OurStep["traced"];
  return {
    traced,
    state: { ...startTraining(model, optimiser, freshWeights(model, random)) },
    feeds: (i) => ({
      images: normal(6, 3, 8, 8),
      targets: { targets: normal(6, 4) },
      hyper: hyperTensors(optimiser.hyper(i, 0.1 / (i + 1))),
    }),
  };
};

/** Gathers whole-number rows of its images; the bases are a state that no step changes. */
const infer = () => buildStep({ work: "distill-step", model: "convnet8", batch: 2, classes: 3, real: 0 });

const devices = new Map<string, Device>();
beforeAll(async () => {
  for (const lowering of ["standard", "auto"] as const) {
    devices.set(lowering, await openDevice("cpu", { threads: 1, lowering }));
    devices.set(`${lowering}, looped`, await openDevice("cpu", { threads: 1, lowering, stride: () => 4 }));
  }
});
afterAll(() => Promise.all([...devices.values()].map((device) => device.close())));

describe.each(["standard", "auto"])("steps in one run, lowering %s", (lowering) => {
  test.each([
    ["a training step", training],
    ["an INFER step", infer],
  ])("%s: the same bits as one by one, whatever their number", async (_what, build) => {
    const { traced, state, feeds } = build();
    const given = Array.from({ length: 8 }, (_, i) => feeds(i));
    const open = async (name: string) => {
      const stepper = await devices.get(name)!.compileStep(traced);
      await stepper.write(lent(state) as never);
      return stepper;
    };
    const single = await open(lowering);
    expect(single.several).toBeUndefined();
    const expected: string[][] = [];
    for (const one of given) expected.push(bits(await single.run(lent(one) as never)));
    expect(new Set(expected.flat()).size).toBeGreaterThan(7);
    const looped = await open(`${lowering}, looped`);
    const found: string[][] = [];
    expect(looped.several!.stride).toBe(4);
    for (const [from, to] of [
      [0, 4],
      [4, 5],
      [5, 7],
    ])
      found.push(...(await looped.several!.prepare(lent(given.slice(from, to)) as never)()).map(bits));
    found.push(bits(await looped.run(lent(given[7]!) as never)));
    expect(found).toEqual(expected);
    expect(bits(await looped.read())).toEqual(bits(await single.read()));
    await Promise.all([single.release(), looped.release()]);
  });
});

describe("a model of several steps", () => {
  const counting = trace({ w: float32(2), x: float32(2), rows: int64(2) }, ({ w, x, rows }) => ({
    w: ad.add(w, ad.gather(x, rows, 0)),
    seen: ad.reduceSum(w),
  }));

  test("is plain ONNX that takes any number of them", async () => {
    const { bytes, inputs, outputs } = encodeSteps(counting.graph, 1, Number.POSITIVE_INFINITY);
    const { graph } = fromBinary(ModelProtoSchema, bytes);
    expect(graph!.node.map((n) => n.opType)).toEqual(["Scan"]);
    const session = await InferenceSession.create(bytes, { logSeverityLevel: 3 });
    for (const steps of [1, 3]) {
      const longs = (n: number, shape: number[]) =>
        new OrtTensor(
          "int64",
          BigInt64Array.from({ length: n }, (_, i) => BigInt(shape[1] === undefined ? i : 1 - (i % 2))),
          shape,
        );
      const given = [
        new OrtTensor("float32", Float32Array.of(0, 0), [2]),
        longs(steps, [steps]),
        new OrtTensor(
          "float32",
          Float32Array.from({ length: 2 * steps }, (_, i) => i),
          [steps, 2],
        ),
        longs(2 * steps, [steps, 2]),
      ];
      const results = await session.run(Object.fromEntries(inputs.map((name, i) => [name, given[i]!])));
      const [w, seen] = outputs.map((name) => results[name]!);
      expect([...(w!.data as Float32Array)]).toEqual(steps === 1 ? [1, 0] : [9, 6]);
      expect([seen!.dims, [...(seen!.data as Float32Array)]]).toEqual([[steps], [0, 1, 6].slice(0, steps)]);
    }
    await session.release();
  });

  test("whose input is wrong says which, and one that fails leaves the state", async () => {
    const step = trace({ state: { w: float32(2) }, feeds: { rows: int64(2) } }, ({ state, feeds }) => ({
      state: { w: ad.gather(state.w, feeds.rows, 0) },
      fetches: {},
    }));
    const stepper = await devices.get("standard, looped")!.compileStep(step);
    const rows = (...at: number[]) => ({ rows: tensor(BigInt64Array.from(at, BigInt), [at.length]) });
    await expect(stepper.run(rows(1, 0))).rejects.toThrow("a step needs its state");
    await stepper.write({ w: vector(1, 2) });
    expect(() => stepper.several!.prepare([rows(1, 0), rows(1)])).toThrow("input rows: expected i64[2], got i64[1]");
    await expect(stepper.several!.prepare([rows(1, 0), rows(0, 7)])()).rejects.toThrow(/out of.*bounds/);
    expect(await stepper.read()).toEqual({ w: vector(1, 2) });
    await stepper.several!.prepare([rows(1, 0), rows(0, 0)])();
    expect(await stepper.read()).toEqual({ w: vector(2, 2) });
    await stepper.release();
  });
});

test("cuda takes the more steps in one run the larger the state, as far as the feeds fit in memory; cpu takes one", () => {
  const mebi = 2 ** 20;
  const on = (kind: "cpu" | "cuda") => (state: number, feeds: number) =>
    kinds[kind].stride({ state: state * mebi, feeds: feeds * mebi });
  expect([on("cuda")(1, 1), on("cuda")(50, 1), on("cuda")(128, 1.5), on("cuda")(300, 0)]).toEqual([16, 50, 128, 128]);
  expect([on("cuda")(128, 32), on("cuda")(1, 1000)]).toEqual([8, 1]);
  expect(on("cpu")(128, 1)).toBe(1);
});
