import { afterAll, beforeAll, expect, test } from "vitest";
import { float32, gradients, type Tensor, tensor, trace } from "../../../src/autodiff/index.ts";
import { freshNetworks } from "../../../src/distill/networks.ts";
import { penultimate } from "../../../src/distill/objectives/features.ts";
import { knownMeans } from "../../../src/distill/objectives/known-means.ts";
import { meanFeatures, meanOfMany, outputsIn } from "../../../src/distill/objectives/mean-features.ts";
import type { Groups, Objective } from "../../../src/distill/objectives/objective.ts";
import { buildModel } from "../../../src/models/registry.ts";
import type { Prepared } from "../../../src/recipe/prepare.ts";
import { type Device, openDevice } from "../../../src/runtime/index.ts";
import { stream } from "../../../src/support/random.ts";
import { oneHot } from "../../../src/tasks/classification.ts";
import { floats, relativeError, uniform } from "../../autodiff/draw.ts";
import { prepared } from "../methods/workshop.ts";
import { copied, expectGradient } from "./differences.ts";

let device: Device;
let data: Prepared;
beforeAll(async () => {
  device = await openDevice("cpu", { threads: 1 });
  data = await prepared();
});
afterAll(() => device.close());

/** More real images than go through the network at once. */
const real = 70;

const networksOf = () => freshNetworks(buildModel("convnet8x1in", data.task), () => stream(6, "network"));

/** Loss, its parts and its gradient by the images. */
const opened = async (objective: Objective, n: number) => {
  const types = { images: float32(n, 3, 8, 8), fed: objective.feeds };
  const compiled = await device.compile(
    trace(types, ({ images, fed }) => {
      const { loss, scalars } = objective.loss(images, fed, (some) => some);
      return { loss, scalars: { ...scalars }, gradient: gradients(loss, { images }).images };
    }),
  );
  return {
    release: () => compiled.release(),
    run: async (images: Tensor, fed: Groups<Tensor>) => {
      const { loss, scalars, gradient } = await compiled.run({ images: copied(images), fed });
      const told = Object.fromEntries(Object.entries(scalars).map(([name, value]) => [name, floats(value)[0]!]));
      return { loss: floats(loss)[0]!, gradient: floats(gradient), told };
    },
  };
};

/** Mean features and outputs of images in the network. */
const measured = async (images: Tensor) => {
  const networks = networksOf();
  const compiled = await device.compile(
    trace({ images: float32(...images.shape), network: networks.types }, (given) => {
      const outputs = outputsIn(networks, given.network, given.images);
      const featuresOf = (some: typeof outputs) => penultimate(outputsIn(networks, given.network, some));
      return { mean: meanOfMany(given.images, featuresOf), features: penultimate(outputs), outputs };
    }),
  );
  const { mean, features, outputs } = await compiled.run({ images: copied(images), network: await networks.draw(0) });
  await compiled.release();
  return { mean: floats(mean), features: floats(features), outputs: floats(outputs) };
};

const rows = ({ data: values }: Tensor, from: number, to: number): Tensor =>
  tensor((values as Float32Array).slice(192 * from, 192 * to), [to - from, 3, 8, 8]);

const knownImages = (count: number): Tensor => uniform(stream(6, "real"), [count, 3, 8, 8], -0.2, 1);
const ownImages = (count: number): Tensor => uniform(stream(6, "own"), [count, 3, 8, 8], -0.5, 0.5);

/** Means of so many classes' real images, [classes, F]. */
const meansOf = async (classes: number): Promise<Tensor> => {
  const known = knownImages(classes * real);
  const means: number[] = [];
  for (let c = 0; c < classes; c++) means.push(...(await measured(rows(known, c * real, (c + 1) * real))).mean);
  return tensor(Float32Array.from(means), [classes, means.length / classes]);
};

test("the mean of many is the mean of all features", async () => {
  const { mean, features } = await measured(knownImages(real));
  const size = mean.length;
  const byHand = Float32Array.from({ length: size }, (_, f) => {
    let sum = 0;
    for (let i = 0; i < real; i++) sum += features[i * size + f]!;
    return sum / real;
  });
  expect(relativeError(mean, byHand)).toBeLessThan(1e-5);
});

test.each([1, 3])("with the means of the real images it is mean features, for %i classes", async (classes) => {
  const networks = networksOf();
  const means = await meansOf(classes);
  const features = means.shape[1]!;
  const batch = { classes, synthetic: 2 };
  const known = await opened(knownMeans(networks, { ...batch, features, crossEntropy: 0 }), 2 * classes);
  const seen = await opened(meanFeatures(networks, { ...batch, real }), 2 * classes);
  const images = ownImages(2 * classes);
  const one = await known.run(images, { ...(await networks.draw(0)), known: { means } });
  const other = await seen.run(images, { ...(await networks.draw(0)), real: { images: knownImages(classes * real) } });
  expect(one.loss / other.loss).toBeCloseTo(1, 5);
  expect(one.told).toEqual({ distance: one.loss });
  expect(relativeError(one.gradient, other.gradient)).toBeLessThan(1e-4);
  await known.release();
  await seen.release();
});

test("several classes are matched each with its own mean", async () => {
  const networks = networksOf();
  const means = await meansOf(3);
  const features = means.shape[1]!;
  const together = await opened(knownMeans(networks, { classes: 3, synthetic: 2, features, crossEntropy: 0 }), 6);
  const alone = await opened(knownMeans(networks, { classes: 1, synthetic: 2, features, crossEntropy: 0 }), 2);
  const images = ownImages(6);
  const all = await together.run(images, { ...(await networks.draw(0)), known: { means: copied(means) } });
  let sum = 0;
  for (let c = 0; c < 3; c++) {
    const own = tensor(floats(means).slice(c * features, (c + 1) * features), [1, features]);
    const one = await alone.run(rows(images, 2 * c, 2 * c + 2), { ...(await networks.draw(0)), known: { means: own } });
    sum += one.loss;
    expect(relativeError(all.gradient.subarray(2 * c * 192, (2 * c + 2) * 192), one.gradient)).toBeLessThan(1e-4);
  }
  expect(all.loss / sum).toBeCloseTo(1, 5);
  await together.release();
  await alone.release();
});

test("the cross-entropy is that of the network's outputs, and weighs what it is told", async () => {
  const networks = networksOf();
  const means = await meansOf(3);
  const labels = [0, 0, 1, 1, 2, 2];
  const images = ownImages(6);
  const { outputs } = await measured(images);
  const byHand =
    labels
      .map((label, i) => {
        const own = outputs.subarray(3 * i, 3 * i + 3);
        return Math.log(own.reduce((sum, z) => sum + Math.exp(z), 0)) - own[label]!;
      })
      .reduce((a, b) => a + b) / 6;
  for (const weight of [0.5, 2]) {
    const batch = { classes: 3, synthetic: 2, features: means.shape[1]!, crossEntropy: weight };
    const { run, release } = await opened(knownMeans(networks, batch), 6);
    const targets = tensor(oneHot(labels, 3), [6, 3]);
    const { loss, told } = await run(images, { ...(await networks.draw(0)), known: { means: copied(means), targets } });
    expect(told.crossEntropy! / byHand).toBeCloseTo(1, 4);
    expect(loss / (told.distance! + weight * told.crossEntropy!)).toBeCloseTo(1, 5);
    await release();
  }
});

test.each([0, 1])("the gradient agrees with differences, the cross-entropy weighing %i", async (weight) => {
  const networks = networksOf();
  const means = await meansOf(3);
  const batch = { classes: 3, synthetic: 1, features: means.shape[1]!, crossEntropy: weight };
  const { run, release } = await opened(knownMeans(networks, batch), 3);
  await expectGradient(async (images) => {
    const targets = tensor(oneHot([0, 1, 2], 3), [3, 3]);
    const known = { means: copied(means), ...(weight > 0 && { targets }) };
    return run(images, { ...(await networks.draw(0)), known });
  });
  await release();
});
