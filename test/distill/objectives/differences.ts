import { expect } from "vitest";
import { type Tensor, tensor } from "../../../src/autodiff/index.ts";
import type { Model, Weights } from "../../../src/models/model.ts";
import { stream } from "../../../src/support/random.ts";
import { dot, floats, moved, uniform } from "../../autodiff/draw.ts";
import { formulaWeights } from "../../goldens/formula.ts";

/** Central differences in float32 over so much, of networks that are nearly smooth. */
const tolerance = 0.01;
const width = 0.02;

/** Three images of 8 x 8 pixels. */
export const shape = [3, 3, 8, 8];

const unit = (x: Float32Array): Float32Array => x.map((v) => v / Math.sqrt(dot(x, x)));

/** Weights that leave a network's ReLUs open, so that its gradients are smooth in the images. */
export const smoothWeights = (model: Model): Weights => {
  // Instance norms are not among a model's norms, which have statistics.
  const norms = { "blocks.0.norm": 0, "blocks.1.norm": 0, ...model.norms };
  const { parameters } = formulaWeights({ ...model, norms }, 4.5);
  return { parameters, statistics: formulaWeights(model, 4.5).statistics };
};

/** A copy, as a run takes its inputs over. */
export const copied = ({ data: values, shape: s }: Tensor): Tensor => tensor(values.slice() as Float32Array, s);

/** The gradient against differences of the loss, half along itself; from where no pixel is near black or white. */
export const expectGradient = async (
  loss: (images: Tensor) => Promise<{ loss: number; gradient: Float32Array }>,
): Promise<void> => {
  const images = uniform(stream(6, "images"), shape, -0.5, 0.5);
  const { gradient } = await loss(images);
  const other = unit(floats(uniform(stream(6, "direction"), shape)));
  const direction = tensor(
    unit(gradient).map((v, i) => v + other[i]!),
    shape,
  );
  const [up, down] = [await loss(moved(images, direction, width)), await loss(moved(images, direction, -width))];
  const slope = (up.loss - down.loss) / (2 * width);
  const expected = dot(gradient, floats(direction));
  expect(Math.abs(slope - expected) / expected, `${slope} against ${expected}`).toBeLessThan(tolerance);
};
