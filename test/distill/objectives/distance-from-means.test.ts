import { afterAll, beforeAll, expect, test } from "vitest";
import { float32, gradients, type Tensor, tensor, trace } from "../../../src/autodiff/index.ts";
import { freshNetworks } from "../../../src/distill/networks.ts";
import { characteristicAt } from "../../../src/distill/objectives/distances/characteristic.ts";
import type { MeanDistance } from "../../../src/distill/objectives/distances/distance.ts";
import { mean } from "../../../src/distill/objectives/distances/mean.ts";
import { distanceFromImages, distanceFromMeans, knownMean } from "../../../src/distill/objectives/feature-distance.ts";
import { featureCount, outputsIn, penultimate } from "../../../src/distill/objectives/features.ts";
import type { Groups, Objective } from "../../../src/distill/objectives/objective.ts";
import { freshWeights } from "../../../src/models/model.ts";
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

const distances = [mean, characteristicAt(20)] as const;

/** What a distance draws; a network is beside it in all feeds. */
const around = async (distance: MeanDistance) => {
  const networks = networksOf();
  return {
    ...(await networks.draw(0)),
    drawn: distance.draw(stream(6, "distance"), featureCount(networks)),
  };
};

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

/** The known mean, features and outputs of images in the network. */
const measured = async (images: Tensor, distance: MeanDistance = mean) => {
  const networks = networksOf();
  const { drawn, ...network } = await around(distance);
  const types = {
    images: float32(...images.shape),
    network: networks.types,
    drawn: { ...distance.drawn(featureCount(networks)) },
  };
  const compiled = await device.compile(
    trace(types, (given) => {
      const outputs = outputsIn(networks, given.network, given.images);
      const featuresOf = (some: typeof outputs) => penultimate(outputsIn(networks, given.network, some));
      return {
        mean: knownMean(distance, given.images, given.drawn, featuresOf),
        features: penultimate(outputs),
        outputs,
      };
    }),
  );
  const { mean: known, features, outputs } = await compiled.run({ images: copied(images), network, drawn });
  await compiled.release();
  return { known: floats(known), features: floats(features), outputs: floats(outputs) };
};

const rows = ({ data: values }: Tensor, from: number, to: number): Tensor =>
  tensor((values as Float32Array).slice(192 * from, 192 * to), [to - from, 3, 8, 8]);

const knownImages = (count: number): Tensor => uniform(stream(6, "real"), [count, 3, 8, 8], -0.2, 1);
const ownImages = (count: number): Tensor => uniform(stream(6, "own"), [count, 3, 8, 8], -0.5, 0.5);

/** Known means of so many classes' real images, [classes, S]. */
const meansOf = async (classes: number, distance: MeanDistance = mean): Promise<Tensor> => {
  const known = knownImages(classes * real);
  const means: number[] = [];
  for (let c = 0; c < classes; c++)
    means.push(...(await measured(rows(known, c * real, (c + 1) * real), distance)).known);
  return tensor(Float32Array.from(means), [classes, means.length / classes]);
};

test("the mean of many is the mean of all features", async () => {
  const { known, features } = await measured(knownImages(real));
  const size = known.length;
  const byHand = Float32Array.from({ length: size }, (_, f) => {
    let sum = 0;
    for (let i = 0; i < real; i++) sum += features[i * size + f]!;
    return sum / real;
  });
  expect(relativeError(known, byHand)).toBeLessThan(1e-5);
});

const counted = distances.flatMap((distance) => [1, 3].map((classes) => [distance.name, classes, distance] as const));

test.each(counted)("from known means the %s is that from real images, for %i classes", async (_, classes, distance) => {
  const networks = networksOf();
  const means = await meansOf(classes, distance);
  const matched = { networks, distance, classes };
  const from = distanceFromMeans({ ...matched, synthetic: 2, size: means.shape[1]!, crossEntropy: 0 });
  const known = await opened(from, 2 * classes);
  const seen = await opened(distanceFromImages(matched, real), 2 * classes);
  const images = ownImages(2 * classes);
  const one = await known.run(images, { ...(await around(distance)), known: { means } });
  const feed = { images: knownImages(classes * real) };
  const other = await seen.run(images, { ...(await around(distance)), real: feed });
  expect(one.loss / other.loss).toBeCloseTo(1, 5);
  expect(one.told).toEqual({ distance: one.loss });
  expect(relativeError(one.gradient, other.gradient)).toBeLessThan(1e-4);
  await known.release();
  await seen.release();
});

test("several classes are matched each with its own mean", async () => {
  const networks = networksOf();
  const means = await meansOf(3);
  const size = means.shape[1]!;
  const matched = { networks, distance: mean, synthetic: 2, size, crossEntropy: 0 };
  const together = await opened(distanceFromMeans({ ...matched, classes: 3 }), 6);
  const alone = await opened(distanceFromMeans({ ...matched, classes: 1 }), 2);
  const images = ownImages(6);
  const all = await together.run(images, { ...(await around(mean)), known: { means: copied(means) } });
  let sum = 0;
  for (let c = 0; c < 3; c++) {
    const own = tensor(floats(means).slice(c * size, (c + 1) * size), [1, size]);
    const one = await alone.run(rows(images, 2 * c, 2 * c + 2), { ...(await around(mean)), known: { means: own } });
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
    const batch = { classes: 3, synthetic: 2, size: means.shape[1]!, crossEntropy: weight };
    const { run, release } = await opened(distanceFromMeans({ networks, distance: mean, ...batch }), 6);
    const targets = tensor(oneHot(labels, 3), [6, 3]);
    const { loss, told } = await run(images, { ...(await around(mean)), known: { means: copied(means), targets } });
    expect(told.crossEntropy! / byHand).toBeCloseTo(1, 4);
    expect(loss / (told.distance! + weight * told.crossEntropy!)).toBeCloseTo(1, 5);
    await release();
  }
});

const weighed = distances.flatMap((distance) => [0, 1].map((weight) => [distance.name, weight, distance] as const));

test.each(weighed)(
  "the gradient by the %s agrees with differences, the cross-entropy weighing %i",
  async (_, weight, of) => {
    const means = await meansOf(3, of);
    const batch = { classes: 3, synthetic: 1, size: means.shape[1]!, crossEntropy: weight };
    const { run, release } = await opened(distanceFromMeans({ networks: networksOf(), distance: of, ...batch }), 3);
    await expectGradient(async (images) => {
      const targets = tensor(oneHot([0, 1, 2], 3), [3, 3]);
      const known = { means: copied(means), ...(weight > 0 && { targets }) };
      return run(images, { ...(await around(of)), known });
    });
    await release();
  },
);

test("a judge tells the images apart in the network's place", async () => {
  const means = await meansOf(3);
  const { model } = networksOf();
  const judge = { model, weights: freshWeights(model, stream(7, "judge")) };
  const batch = { distance: mean, classes: 3, synthetic: 1, size: means.shape[1]!, crossEntropy: 1 };
  const targets = oneHot([0, 1, 2], 3);
  const told: number[] = [];
  // By a judge beside the network, and by the judge as the network.
  for (const networks of [{ ...networksOf(), judge }, freshNetworks(model, () => stream(7, "judge"))]) {
    const { run, release } = await opened(distanceFromMeans({ networks, ...batch }), 3);
    const known = { means: copied(means), targets: tensor(targets.slice(), [3, 3]) };
    told.push((await run(ownImages(3), { ...(await networks.draw(0)), drawn: {}, known })).told.crossEntropy!);
    await release();
  }
  expect(told[0]! / told[1]!).toBeCloseTo(1, 5);
});
