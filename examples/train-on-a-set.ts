// Trains a student on the ready set that comes with distillery, and tries it on images that the set was not made of.
//
//   npx tsx examples/train-on-a-set.ts [SET] [EPOCHS] [STUDENT.onnx]
import { writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { openDataset, openSet, trainStudent } from "distillery";

const [folder = fileURLToPath(new URL("../sets/demo-ipc10", import.meta.url)), epochs = "20", file = "student.onnx"] =
  process.argv.slice(2);

await using set = await openSet(folder);
console.log(`${set.length} images of ${set.classes.length} classes, ${set.image.width}x${set.image.height}`);

await using student = await trainStudent(set, {
  student: "convnet32",
  labels: "hard",
  epochs: Number(epochs),
  onProgress: (event) => {
    if (event.type === "update" && event.done % 50 === 0) console.log(`step ${event.done}`, event.scalars);
  },
});

const { test } = await openDataset(set.manifest.data);
const images = await test.read(Int32Array.from({ length: test.length }, (_, i) => i));
console.log(
  `${student.architecture}: ${(await student.accuracy(images, test.labels)).toFixed(1)} % of the test images`,
);

const [best] = await student.predict(images.subarray(0, 3 * set.image.height * set.image.width));
console.log(`the first one is a ${set.classes[best ?? 0]}`);
await writeFile(file, student.toOnnx());
