import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { expect, it } from "vitest";
import { loadNetworks } from "../../src/models/own/load-networks.ts";
import { buildModel } from "../../src/models/registry.ts";
import { ModelProtoSchema, StringStringEntryProtoSchema } from "../../src/onnx/onnx_pb.ts";
import { commands } from "../../src/pipeline/pipeline.ts";
import { prepareData } from "../../src/recipe/prepare.ts";
import { openDevice } from "../../src/runtime/index.ts";
import { withClassifier } from "../../src/training/predict.ts";
import { filesIn, isTimes, quietly, temporaryFolder, timesIn, tinyRecipe, writePictures } from "../pipeline/tiny.ts";

const golden = (name: string): string => new URL(`../goldens/onnx/${name}.onnx`, import.meta.url).pathname;
const module = (width: number): string =>
  `export const model = ({ outputs }, { chain, convNorm, dense, globalAvgPool, plain, relu }) =>
     chain(convNorm(["conv", "norm"], 3, ${width}, { activation: relu }), plain(globalAvgPool), dense("fc", ${width}, outputs));`;

const brief = { ipc: 4, iterations: 3, seeds: 1, labels: ["static"], student: { epochs: 1 }, full: { epochs: 0 } };

it("INFER learns through an ONNX file's batch norms; students of modules are trained anew once they are edited", async () => {
  const folder = await temporaryFolder();
  const data = await writePictures(join(folder, "pictures"), { classes: 5 });
  const [out, mine] = [join(folder, "out"), join(folder, "mine.mjs")];
  await writeFile(mine, module(4));
  const recipe = tinyRecipe(data, {
    ...brief,
    teachers: [golden("resnet-kept")],
    students: [mine, golden("mobilenet-kept")],
  });
  const { report } = await commands.run(recipe, quietly(out));
  expect(report.teachers).toMatchObject([
    { architecture: "resnet-kept", bytes: (await readFile(golden("resnet-kept"))).length },
  ]);
  expect([...new Set(report.rows.map(({ student }) => student))]).toEqual(["mine", "mobilenet-kept"]);
  const students = (await filesIn(out)).filter((name) => !isTimes(name) && /^5-students.*json$/.test(name));
  expect(students).toEqual(
    ["infer", "random"].flatMap((set) => [
      `5-students/${set}-static-mine-0.json`,
      `5-students/${set}-static-mobilenet-kept-0.json`,
    ]),
  );

  const before = await timesIn(join(out, "5-students"));
  await commands.run(recipe, quietly(out));
  expect(await timesIn(join(out, "5-students"))).toEqual(before);
  await writeFile(mine, module(5));
  await commands.run(recipe, quietly(out));
  const after = await timesIn(join(out, "5-students"));
  const changed = Object.keys(after).filter((file) => !isTimes(file) && after[file] !== before[file]);
  expect(changed).toEqual(["infer-static-mine-0.json", "random-static-mine-0.json"]);
}, 60_000);

it("a file that cannot be traced labels, and is refused where gradients or batch norms are asked of it", async () => {
  const folder = await temporaryFolder();
  const data = await writePictures(join(folder, "pictures"), { classes: 5 });
  const recipeWith = (over: Readonly<Record<string, unknown>>) => tinyRecipe(data, { ...brief, ...over });
  const labels = recipeWith({ method: "random", teachers: [golden("transformer-fixed")] });
  const { report } = await commands.run(labels, quietly(join(folder, "out")));
  expect(report.teachers[0]).toMatchObject({ architecture: "transformer-fixed" });
  expect(report.teachers[0]!.parameters).toBeGreaterThan(500);
  const refused = (over: Readonly<Record<string, unknown>>, message: RegExp) =>
    expect(commands.run(recipeWith(over), quietly(join(folder, "none")))).rejects.toThrow(
      expect.objectContaining({ code: "RECIPE", message: expect.stringMatching(message) }),
    );
  const opaque = [golden("transformer-fixed")];
  await refused(
    { teachers: opaque },
    /^teachers: infer needs the gradients of \S+fixed\.onnx, but no gradients go through Concat/,
  );
  await refused(
    { teachers: opaque, method: "random", labels: ["dynamic"] },
    /^teachers: dynamic labels need the gradients of \S+fixed\.onnx/,
  );
  await refused({ students: opaque }, /^students: \S+fixed\.onnx: no gradients go through Concat/);
  await refused(
    { teachers: [golden("resnet-folded")] },
    /^teachers: infer needs a teacher with BatchNorm.*; exporters fold it/,
  );
}, 60_000);

it("a network that normalises by itself sees pixels from 0 to 1", async () => {
  const folder = await temporaryFolder();
  const data = await writePictures(join(folder, "pictures"), { classes: 5 });
  const model = fromBinary(ModelProtoSchema, await readFile(golden("resnet-kept")));
  model.metadataProps.push(create(StringStringEntryProtoSchema, { key: "normalisation", value: "inside" }));
  const inside = join(folder, "inside.onnx");
  await writeFile(inside, toBinary(ModelProtoSchema, model));
  await loadNetworks([inside, golden("resnet-kept")]);
  const prepared = await prepareData(tinyRecipe(data, brief), quietly(folder));
  const { mean, std } = prepared.dataset.normalisation;
  const pixels = Float32Array.from({ length: 192 }, (_, i) => ((i * 37) % 256) / 255);
  const normalised = pixels.map((v, i) => (v - mean[Math.floor(i / 64)]!) / std[Math.floor(i / 64)]!);
  const device = await openDevice("cpu", { threads: 1 });
  const logitsOf = async (name: string, images: Float32Array): Promise<number[]> => {
    const network = buildModel(name, prepared.task);
    return withClassifier(device, { model: network, weights: network.trained!.weights }, async (c) => [
      ...(await c.logits(images)),
    ]);
  };
  const [own, plain] = [await logitsOf("inside", normalised), await logitsOf("resnet-kept", pixels)];
  await device.close();
  for (const [i, v] of plain.entries()) expect(own[i]).toBeCloseTo(v, 4);
});
