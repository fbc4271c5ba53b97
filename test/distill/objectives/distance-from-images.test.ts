import { afterAll, beforeAll, expect, test } from "vitest";
import { type Tensor, tensor } from "../../../src/autodiff/index.ts";
import { colouring } from "../../../src/data/augment/augmentation.ts";
import { drawColour } from "../../../src/data/augment/colour.ts";
import { drawPaddedCrop } from "../../../src/data/augment/view.ts";
import { freshNetworks } from "../../../src/distill/networks.ts";
import { covariance } from "../../../src/distill/objectives/distances/covariance.ts";
import type { Distance } from "../../../src/distill/objectives/distances/distance.ts";
import { mean } from "../../../src/distill/objectives/distances/mean.ts";
import { distanceFromImages } from "../../../src/distill/objectives/feature-distance.ts";
import { traceStep } from "../../../src/distill/optimise-step.ts";
import { buildModel } from "../../../src/models/registry.ts";
import { hyperTensors, sgd, zerosLike } from "../../../src/nn/optimisers.ts";
import type { Prepared } from "../../../src/recipe/prepare.ts";
import { type Device, openDevice } from "../../../src/runtime/index.ts";
import { stream } from "../../../src/support/random.ts";
import { floats, uniform } from "../../autodiff/draw.ts";
import { layoutWith, prepared } from "../methods/workshop.ts";
import { copied, expectGradient } from "./differences.ts";

let device: Device;
let data: Prepared;
beforeAll(async () => {
  device = await openDevice("cpu", { threads: 1 });
  data = await prepared();
});
afterAll(() => device.close());

/** Steps of matching `classes` classes, of which three images are learnt. */
const openMatching = async (distance: Distance, classes: number, real: number) => {
  const { image } = data.task;
  const model = buildModel("convnet8x1in", { ...data.task, outputs: 1 });
  const optimiser = sgd({ momentum: 0.5 });
  const parts = {
    layout: layoutWith(data.dataset, 1, 0),
    normalisation: data.dataset.normalisation,
    augmentation: colouring(image),
    optimiser,
  };
  const networks = freshNetworks(model, () => stream(6, "network"));
  const objective = distanceFromImages({ networks, distance, classes }, real);
  const traced = traceStep(parts, { learnt: { bases: 3 } }, objective);
  const stepper = await device.compileStep(traced);
  return {
    release: () => stepper.release(),
    match: async (images: Tensor, known: Tensor) => {
      await stepper.write({ learnt: { bases: images }, slots: zerosLike(traced.inputs.state.slots), fixed: {} });
      const { distance } = await stepper.run({
        view: { ...drawPaddedCrop(stream(6, "view"), image), colour: drawColour(stream(6, "colour")) },
        objective: { ...(await networks.draw(0)), drawn: {}, real: { images: copied(known) } },
        hyper: hyperTensors(optimiser.hyper(0, 0)),
      });
      return { loss: floats(distance!)[0]!, gradient: floats((await stepper.read()).slots.velocity!.bases!) };
    },
  };
};

/** So many real images of the class, more than go through the network at once. */
const real = 70;

const knownImages = (count: number): Tensor => uniform(stream(6, "real"), [count, 3, 8, 8], -0.2, 1);

test.each([mean, covariance])("the gradient by the $name agrees with differences", async (distance) => {
  const { match, release } = await openMatching(distance, 1, real);
  const known = knownImages(real);
  await expectGradient((images) => match(images, known));
  await release();
});

test("several classes are matched each with its own real images", async () => {
  const [three, one] = [await openMatching(mean, 3, real), await openMatching(mean, 1, real)];
  const known = knownImages(3 * real);
  const images = uniform(stream(6, "images"), [3, 3, 8, 8], -0.5, 0.5);
  const part = ({ data: values }: Tensor, from: number, to: number): Float32Array =>
    (values as Float32Array).subarray(192 * from, 192 * to);
  const together = await three.match(copied(images), known);
  let sum = 0;
  for (let c = 0; c < 3; c++) {
    // Three times the same image has the mean features of that image.
    const own = part(images, c, c + 1);
    const thrice = Float32Array.from({ length: 3 * 192 }, (_, i) => own[i % 192]!);
    const theirs = tensor(part(known, c * real, (c + 1) * real).slice(), [real, 3, 8, 8]);
    sum += (await one.match(tensor(thrice, [3, 3, 8, 8]), theirs)).loss;
  }
  expect(together.loss / sum).toBeCloseTo(1, 5);
  await three.release();
  await one.release();
});
