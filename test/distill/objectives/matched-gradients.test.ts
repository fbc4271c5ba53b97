import { afterAll, beforeAll, expect, test } from "vitest";
import { float32, gradients, type Tensor, tensor, trace } from "../../../src/autodiff/index.ts";
import type { DrawnNetworks } from "../../../src/distill/networks.ts";
import { parameterTypes } from "../../../src/distill/networks.ts";
import { outputsIn } from "../../../src/distill/objectives/features.ts";
import {
  distanceNames,
  type GradientDistance,
  matchedGradients,
} from "../../../src/distill/objectives/matched-gradients.ts";
import { buildModel } from "../../../src/models/registry.ts";
import { inferenceNorm, statisticsTypes } from "../../../src/nn/batch-norm.ts";
import { crossEntropy } from "../../../src/nn/losses.ts";
import { type Device, openDevice } from "../../../src/runtime/index.ts";
import { stream } from "../../../src/support/random.ts";
import { classification } from "../../../src/tasks/classification.ts";
import { floats, uniform } from "../../autodiff/draw.ts";
import { copied, expectGradient, shape, smoothWeights } from "./differences.ts";

let device: Device;
beforeAll(async () => {
  device = await openDevice("cpu", { threads: 1 });
});
afterAll(() => device.close());

const task = classification(3, { height: 8, width: 8 });
const real = 5;

const networksOf = (name: string): DrawnNetworks => {
  const model = buildModel(name, task);
  return {
    model,
    types: { parameters: parameterTypes(model), statistics: statisticsTypes(model.norms) },
    normalise: inferenceNorm,
    draw: async () => ({ ...smoothWeights(model) }),
  };
};

const label = () => ({ target: tensor(Float32Array.of(0, 1, 0), [1, 3]) });
const knownImages = (): Tensor => uniform(stream(6, "real"), [real, 3, 8, 8], -0.2, 1);

/** Loss, its gradient by the images, and what is reported. */
const opened = async (networks: DrawnNetworks, distance: GradientDistance, weight = 0) => {
  const objective = matchedGradients(networks, { real, distance, crossEntropy: weight });
  const compiled = await device.compile(
    trace({ images: float32(...shape), fed: objective.feeds }, ({ images, fed }) => {
      const { loss, scalars } = objective.loss(images, fed, (some) => some);
      return { loss, scalars: { ...scalars }, gradient: gradients(loss, images) };
    }),
  );
  return {
    release: () => compiled.release(),
    run: async (images: Tensor) => {
      const fed = { ...(await networks.draw(0)), real: { images: knownImages() }, label: label() };
      const { loss, scalars, gradient } = await compiled.run({ images: copied(images), fed });
      const told = Object.fromEntries(Object.entries(scalars).map(([name, value]) => [name, floats(value)[0]!]));
      return { loss: floats(loss)[0]!, gradient: floats(gradient), told };
    },
  };
};

/** Gradients of every parameter by images of the class. */
const weightGradients = async (networks: DrawnNetworks, images: Tensor): Promise<Record<string, Tensor>> => {
  const types = { images: float32(...images.shape), network: networks.types, label: { target: float32(1, 3) } };
  const compiled = await device.compile(
    trace(types, (given) => {
      const told = crossEntropy(outputsIn(networks, given.network, given.images), given.label.target);
      return { ...gradients(told, given.network.parameters!) };
    }),
  );
  const result = await compiled.run({ images, network: await networks.draw(0), label: label() });
  await compiled.release();
  return { ...result };
};

/** The distances of a row of numbers, one by one. */
const ofRow: Record<GradientDistance, (a: number[], b: number[]) => number> = {
  cosine: (a, b) => {
    let [dot, aa, bb] = [0, 0, 0];
    for (const [i, x] of a.entries()) {
      dot += x * b[i]!;
      aa += x * x;
      bb += b[i]! * b[i]!;
    }
    return 1 - dot / Math.sqrt(aa * bb);
  },
  mse: (a, b) => a.reduce((sum, x, i) => sum + (x - b[i]!) ** 2, 0),
  l1: (a, b) => a.reduce((sum, x, i) => sum + Math.abs(x - b[i]!), 0),
};

const ownImages = (): Tensor => uniform(stream(6, "own"), shape, -0.5, 0.5);

test.each(distanceNames)("%s is that of the gradients row by row, layer by layer", async (distance) => {
  const networks = networksOf("convnet6x2");
  const { run, release } = await opened(networks, distance);
  const { loss, told } = await run(ownImages());
  const [a, b] = [await weightGradients(networks, knownImages()), await weightGradients(networks, ownImages())];
  let expected = 0;
  const layers = ["blocks.0.conv.weight", "blocks.1.conv.weight", "fc.weight"];
  for (const name of layers) {
    const { shape: of } = a[name]!;
    const size = of.slice(1).reduce((n, d) => n * d);
    for (let row = 0; row < of[0]!; row++) {
      const at = (x: Tensor): number[] => [...floats(x).subarray(row * size, (row + 1) * size)];
      expected += ofRow[distance](at(a[name]!), at(b[name]!));
    }
  }
  expect(expected).toBeGreaterThan(0);
  expect(loss / expected).toBeCloseTo(1, 3);
  expect(told).toEqual({ distance: loss });
  await release();
});

test.each(
  // l1 has kinks that differences do not tell.
  ["convnet6x2", "convnet6x2in", "resnet18w4"].flatMap((name) =>
    (["cosine", "mse"] as const).map((distance) => [name, distance] as const),
  ),
)("the gradient in %s down %s agrees with differences", async (name, distance) => {
  const { run, release } = await opened(networksOf(name), distance, 0.5);
  await expectGradient(run);
  await release();
});

test("the cross-entropy weighs what it is told, and is that of the synthetic images", async () => {
  const networks = networksOf("convnet6x2");
  const [light, heavy] = [await opened(networks, "cosine", 0.5), await opened(networks, "cosine", 2)];
  const [one, two] = [await light.run(ownImages()), await heavy.run(ownImages())];
  expect(one.told).toEqual(two.told);
  const { distance, crossEntropy: told } = one.told as { distance: number; crossEntropy: number };
  expect(one.loss).toBeCloseTo(distance + 0.5 * told, 4);
  expect(two.loss).toBeCloseTo(distance + 2 * told, 4);
  await light.release();
  await heavy.release();
});
