// A method of one's own: the images of each class that are nearest to its mean. What it picks becomes a set like any other.
//
//   npx tsx examples/add-a-method.ts [OUT] [EPOCHS]
import { createSet, openDataset, openSet, trainStudent } from "distillery";

const [out = "runs/nearest", epochs = "20"] = process.argv.slice(2);
const perClass = 10;

const { train, test, classes, image, normalisation } = await openDataset("demo");
const size = 3 * image.height * image.width;

/** Indices of the `perClass` images of a class that are nearest to its mean image. */
const nearest = async (label: number): Promise<number[]> => {
  const own = [...train.labels.keys()].filter((i) => train.labels[i] === label);
  const pixels = await train.read(own);
  const mean = Float64Array.from({ length: size }, (_, at) => {
    return own.reduce((sum, _, i) => sum + (pixels[i * size + at] ?? 0), 0) / own.length;
  });
  const distances = own.map((_, i) => mean.reduce((sum, m, at) => sum + ((pixels[i * size + at] ?? 0) - m) ** 2, 0));
  const order = [...own.keys()].sort((a, b) => (distances[a] ?? 0) - (distances[b] ?? 0));
  return order.slice(0, perClass).map((i) => own[i] ?? 0);
};

const picks = await Promise.all(classes.map((_, label) => nearest(label)));
// Image k of class c lies at k C + c.
const rows = Array.from({ length: perClass }, (_, k) => picks.map((own) => own[k] ?? 0)).flat();
const images = await train.read(rows);
await createSet(out, { data: "demo", method: "nearest", pixels: "natural", classes, image, normalisation, images });

await using set = await openSet(out);
await using student = await trainStudent(set, { student: "convnet32", epochs: Number(epochs) });
const all = await test.read([...test.labels.keys()]);
console.log(
  `${set.length} images in ${out}: ${(await student.accuracy(all, test.labels)).toFixed(1)} % of the test images`,
);
