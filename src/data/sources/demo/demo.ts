// The demo data set, painted from a seed.
import { stream } from "../../../support/random.ts";
import { type Dataset, type Split, splitOf } from "../../dataset.ts";
import { normalisationOf } from "../../normalisation.ts";
import { demoSide, paint } from "./demo-paint.ts";
import { demoClasses } from "./demo-shapes.ts";

const sizes = { train: 4000, test: 1000 } as const;

/** Image i of a split has class i mod 10 and a random stream of its own, so no image depends on how many there are. */
const splitOfDemo = (seed: number, part: "train" | "test"): Split => {
  const size = 3 * demoSide * demoSide;
  const pixels = new Uint8Array(sizes[part] * size);
  const labels = Int32Array.from({ length: sizes[part] }, (_, i) => i % demoClasses.length);
  for (let i = 0; i < labels.length; i++) {
    const random = stream(seed, "demo", part, i);
    paint(random, demoClasses[labels[i]!]!.draw(random), pixels.subarray(i * size, (i + 1) * size));
  }
  return splitOf(pixels, labels);
};

/**
 * Ten classes of figures and textures, 32x32 RGB, 4000 training and 1000 test images, painted here and now: nothing to
 * download. The same seed gives the same pixels. A small ConvNet learns all of it well, and little from ten images a class.
 */
export const demoDataset = async (seed: number): Promise<Dataset> => {
  const train = splitOfDemo(seed, "train");
  return {
    name: "demo",
    classes: demoClasses.map(({ name }) => name),
    image: { height: demoSide, width: demoSide },
    train,
    test: splitOfDemo(seed, "test"),
    normalisation: await normalisationOf(train),
    skipped: [],
    ignored: 0,
  };
};
