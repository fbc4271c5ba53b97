// CIM: images that a teacher is sure of, shrunk and then mended one by one.
import { abs, float32, mean, sub, tensor, type Value } from "../../autodiff/index.ts";
import { drawSiamese, siamese } from "../../data/augment/siamese.ts";
import { adam } from "../../nn/optimisers.ts";
import { imageSource } from "../../recipe/prepare.ts";
import { aboveZero, whole } from "../../support/fields.ts";
import { stream } from "../../support/random.ts";
import type { Classifier } from "../../training/predict.ts";
import type { Frozen } from "../../training/train-step.ts";
import { classParts, realStart } from "../matching.ts";
import { defineMethod, type MethodStage } from "../method.ts";
import { frozenFeatures } from "../objectives/features.ts";
import type { Objective } from "../objectives/objective.ts";
import { learning, partOf } from "../optimise.ts";
import { rankingBy } from "../select/bases.ts";
import { drawImages } from "../select/draw.ts";
import { candidatesOf } from "../select/rded.ts";
import { runScan, type Scan, scanning } from "../select/scan.ts";
import { bits } from "../stored.ts";

const options = {
  iterations: whole(1, "steps of the images of each class").default(200),
  learningRate: aboveZero("learning rate of the images, in normalised pixels").default(0.01),
  bits: bits.default(5),
};

interface Options {
  readonly iterations: number;
  readonly learningRate: number;
  readonly bits: number;
}

const teacherOf = ({ teachers }: MethodStage) => teachers[0]!;

/** Up to 300 images of each class, as RDED looks at, the one of the lowest cross-entropy first. */
const ranking: Scan<Classifier, number> = {
  ...rankingBy(
    "cim",
    (stage) => [teacherOf(stage)],
    (stage) => ({ teacher: teacherOf(stage).sha256, count: stage.layout.bases }),
  ),
  members: (stage, c) => candidatesOf(stage, c, stage.layout.bases),
};

/** Mean |f(synthetic_i) - f(real_i)| over images and features f of a teacher. It is fed `real.images` [n, 3, H, W]. */
export const pairwise = (teacher: Frozen, n: number): Objective => {
  const { height, width } = teacher.model.task.image;
  return {
    feeds: { real: { images: float32(n, 3, height, width) } },
    loss: (images, { real }, seen) => {
      const features = (some: Value): Value => frozenFeatures(teacher, some);
      const distance = mean(abs(sub(features(images), features(seen(real!.images!)))));
      return { loss: distance, scalars: { distance } };
    },
  };
};

const images = learning(async (stage: MethodStage, { iterations, learningRate }: Options) => {
  const { data, layout, recipe } = stage;
  const { bases: K, classes: C, image } = layout;
  // Fails where a class has fewer images than are stored.
  drawImages(data, K, recipe);
  const ranked = await runScan(stage, ranking);
  const picks = Int32Array.from({ length: K * C }, (_, i) => ranked[i % C]![Math.floor(i / C)]!);
  const parts = classParts(stage, "cim");
  const [of, start] = [partOf(parts), realStart(stage, picks)];
  return {
    name: "cim",
    layout,
    normalisation: data.dataset.normalisation,
    augmentation: siamese(image),
    optimiser: adam(),
    iterations,
    learningRate: () => learningRate,
    parts,
    key: { teacher: teacherOf(stage).sha256, learningRate },
    objectives: () => [pairwise(teacherOf(stage), K)],
    start: async (part) => ({ bases: await start(part) }),
    draw: async (part, step) => {
      const { c } = of(part);
      const real = await imageSource(data).images(Int32Array.from(ranked[c]!.slice(0, K)));
      return {
        view: drawSiamese(stream(recipe.seed, "cim", "view", c, step), image),
        objective: { real: { images: tensor(real, [K, 3, image.height, image.width]) } },
      };
    },
    advice: "lower the method's learningRate, or leave cim out",
  };
});

/**
 * CIM (LINs-lab, 2026): of each class the images that a teacher is surest of, stored at half the size and moved until each has
 * again the features, those that enter the teacher's last layer, of the image it was made of.
 *
 * It departs from the authors' code in learning what is stored itself, without decay, where that adds a residual by AdamW; and
 * in the choice among random images of a class, not its first ones.
 */
export const cim = defineMethod(options, {
  name: "cim",
  title: "CIM",
  about: "real images that the teacher is surest of, shrunk and moved until it finds each one's features again",
  family: "teacher",
  mark: "plus",
  needs: { teachers: "one" },
  pixels: "from-natural",
  storage: "formation2",
  make: images.make,
  kinds: (given) => [scanning(ranking), ...images.kinds(given)],
});
