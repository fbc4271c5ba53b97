import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { freshWeights, identityOf } from "../../src/models/model.ts";
import { loadNetworks } from "../../src/models/own/load-networks.ts";
import { buildModel } from "../../src/models/registry.ts";
import { type Device, openDevice } from "../../src/runtime/index.ts";
import { stream } from "../../src/support/random.ts";
import { classification } from "../../src/tasks/classification.ts";
import { withClassifier } from "../../src/training/predict.ts";
import { relativeError } from "../autodiff/draw.ts";
import { temporaryFolder } from "../pipeline/tiny.ts";

const task = classification(5, { height: 8, width: 8 });
const golden = (name: string): string => new URL(`../goldens/onnx/${name}.onnx`, import.meta.url).pathname;
const cases = JSON.parse(await readFile(golden("cases").replace(".onnx", ".json"), "utf8")) as {
  readonly network: string;
  readonly images: number[];
  readonly logits: number[];
}[];

const module = (width: number): string =>
  `export const model = ({ outputs }, { chain, convNorm, dense, globalAvgPool, plain, relu }) =>
     chain(convNorm(["conv", "norm"], 3, ${width}, { activation: relu }), plain(globalAvgPool), dense("fc", ${width}, outputs));`;

const written = async (name: string, text: string): Promise<string> => {
  const file = join(await temporaryFolder(), name);
  await writeFile(file, text);
  return file;
};

let device: Device;
beforeAll(async () => {
  device = await openDevice("cpu", { threads: 1 });
});
afterAll(() => device.close());

describe("a module", () => {
  it("is a network by its path and by its short name", async () => {
    const file = await written("my net.mjs", module(4));
    await loadNetworks([file, "convnet"]);
    const model = buildModel(file, task);
    expect(model).toBe(buildModel("my-net", task));
    expect(model).toMatchObject({ name: "my-net", norms: { norm: 4 } });
    expect(identityOf(model)).toMatch(/^my-net [0-9a-f]{16}$/);
    const weights = freshWeights(model, stream(1, "fresh"));
    const images = new Float32Array(3 * 3 * 64).fill(1);
    const logits = await withClassifier(device, { model, weights }, (classifier) => classifier.logits(images));
    expect(logits.length).toBe(15);
  });

  it("that was edited is another network, one with another comment is the same", async () => {
    const file = await written("edited.mjs", module(4));
    const identities: string[] = [];
    for (const text of [module(4), `// A note.\n${module(4)}`, module(5)]) {
      await writeFile(file, text);
      await loadNetworks([file]);
      identities.push(identityOf(buildModel(file, task)));
    }
    expect(identities[1]).toBe(identities[0]);
    expect(identities[2]).not.toBe(identities[0]);
  });

  it("of the name of another network has its kind in its name; two of one name are refused", async () => {
    const file = await written("resnet18.mjs", module(4));
    await loadNetworks([file]);
    expect(buildModel(file, task).name).toBe("resnet18-mjs");
    expect(buildModel("resnet18", task).digest).toBeUndefined();
    const [one, other] = [await written("same.mjs", module(4)), await written("same.mjs", module(4))];
    await expect(loadNetworks([one, other])).rejects.toThrow(/would both be called same; rename one of the files$/);
  });

  it.each([
    ["export const net = 1;", /^network \S+wrong\.mjs: it exports no function model; write export const model/],
    ["export const model = () => 7;", /its model returned 7, expected \{ parameters, norms, forward \}/],
    ["export const model = () => { throw new Error('no'); };", /its model fails: no$/],
    ["export const model = (", /it cannot be loaded/],
    [
      "export const model = () => ({ parameters: {}, norms: {}, forward: (p, x) => x });",
      /it puts out \[N,3,8,8\] for N images, expected \[N,5\], a number for each class$/,
    ],
    [
      "export const model = () => ({ parameters: {}, norms: {}, forward: () => 3 });",
      /its forward fails for images of 8x8/,
    ],
  ])("that holds no network is refused: %s", async (text, message) => {
    const file = await written("wrong.mjs", text);
    const build = async () => {
      await loadNetworks([file]);
      return buildModel(file, task);
    };
    await expect(build()).rejects.toThrow(
      expect.objectContaining({ code: "USAGE", message: expect.stringMatching(message) }),
    );
  });

  it("that is missing is named", async () => {
    await expect(loadNetworks(["nowhere/net.ts"])).rejects.toThrow("network nowhere/net.ts: no such file");
  });
});

describe("an ONNX file", () => {
  it("starts anew as a student, and has its weights as a teacher", async () => {
    await loadNetworks([golden("resnet-kept")]);
    const model = buildModel("resnet-kept", task);
    const fresh = freshWeights(model, stream(1, "fresh"));
    const { weights } = model.trained!;
    expect(Object.keys(fresh.statistics)).toEqual(Object.keys(weights.statistics));
    expect([...fresh.parameters["stem.1.weight"]!.data]).toEqual([1, 1, 1, 1]);
    expect([...weights.parameters["stem.1.weight"]!.data]).not.toEqual([1, 1, 1, 1]);
    const bound = 1 / Math.sqrt(27);
    expect(Math.max(...(fresh.parameters["stem.0.weight"]!.data as Float32Array).map(Math.abs))).toBeLessThanOrEqual(
      bound,
    );
  });

  it("with weights in a file beside it is read with them, but not with such elsewhere", async () => {
    const folder = join(await temporaryFolder(), "deep");
    await mkdir(folder);
    await cp(golden("beside"), join(folder, "beside.onnx"));
    const file = join(folder, "beside.onnx");
    await expect(loadNetworks([file])).rejects.toThrow(
      /beside\.onnx\.data: no such file; expected the weights of \S+beside\.onnx/,
    );
    await cp(`${golden("beside")}.data`, `${file}.data`);
    await loadNetworks([file]);
    const { images, logits } = cases.find(({ network }) => network === "mobilenet")!;
    const model = buildModel(file, task);
    const got = await withClassifier(device, { model, weights: model.trained!.weights }, (c) =>
      c.logits(Float32Array.from(images)),
    );
    expect(relativeError(got, logits)).toBeLessThan(1e-5);
    const bytes = await readFile(file);
    const at = bytes.indexOf("beside.onnx.data");
    bytes.write("../ide.onnx.data", at);
    const other = join(folder, "other.onnx");
    await writeFile(other, bytes);
    await expect(loadNetworks([other])).rejects.toThrow(
      /its weights lie in \.\.\/ide\.onnx\.data, outside of its folder/,
    );
  });

  it("with weights beside it of which a part was copied is refused, wherever they end", async () => {
    const folder = await temporaryFolder();
    const file = join(folder, "beside.onnx");
    await cp(golden("beside"), file);
    const whole = await readFile(`${golden("beside")}.data`);
    for (const length of [0, 701, whole.length - 4, whole.length - 1]) {
      await writeFile(`${file}.data`, whole.subarray(0, length));
      await expect(loadNetworks([file])).rejects.toThrow(
        expect.objectContaining({
          code: "CHECKPOINT",
          message: expect.stringMatching(
            new RegExp(
              `its tensor \\S+ lies at bytes \\d+ to \\d+ of beside.onnx.data, which has ${length}; copy both`,
            ),
          ),
        }),
      );
    }
  });

  it("that cannot be traced labels by ONNX Runtime, image by image where it fixes their number", async () => {
    await loadNetworks([golden("transformer-fixed")]);
    const model = buildModel("transformer-fixed", task);
    expect(model.opaque).toMatchObject({ lacks: "Concat for just 1 image at a time", batch: 1 });
    const { images, logits } = cases.find(({ network }) => network === "transformer")!;
    const frozen = { model, weights: model.trained!.weights };
    const got = await withClassifier(device, frozen, (classifier) => classifier.logits(Float32Array.from(images)));
    expect(relativeError(got, logits)).toBeLessThan(1e-5);
    expect(() => model.forward({}, undefined as never, undefined as never)).toThrow(
      /transformer-fixed\.onnx: no gradients go through Concat for just 1 image at a time; it can only make static labels/,
    );
  });

  it.each([
    [
      classification(5, { height: 16, width: 16 }),
      /it takes images of 3 channels at 8x8, but the data are of 3 at 16x16; resize them \(--resize 8\)/,
    ],
    [classification(7, { height: 8, width: 8 }), /it puts out \[N,5\] for N images, expected \[N,7\]/],
  ])("of another size is refused", async (other, message) => {
    await loadNetworks([golden("resnet-folded")]);
    expect(() => buildModel("resnet-folded", other)).toThrow(
      expect.objectContaining({ code: "CHECKPOINT", message: expect.stringMatching(message) }),
    );
  });

  it("that is none, or cut, is refused", async () => {
    const whole = await readFile(golden("resnet-folded"));
    for (const bytes of [whole.subarray(0, whole.length / 2), Buffer.from("no model"), Buffer.alloc(0)]) {
      const file = join(await temporaryFolder(), "cut.onnx");
      await writeFile(file, bytes);
      await expect(loadNetworks([file])).rejects.toThrow(/cut\.onnx: no ONNX file/);
    }
  });
});
