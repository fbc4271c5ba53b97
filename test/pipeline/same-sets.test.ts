import { mkdtemp, readFile, rm } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import {
  conv2d,
  float32,
  gradients,
  matmul,
  mul,
  reduceSum,
  reshape,
  tensor,
  trace,
} from "../../src/autodiff/index.ts";
import type { Method } from "../../src/distill/method.ts";
import { methods } from "../../src/distill/registry.ts";
import { commands } from "../../src/pipeline/pipeline.ts";
import { openDevice } from "../../src/runtime/index.ts";
import { readSet, trainingLabels } from "../../src/sets/index.ts";
import { sha256, writeJson } from "../../src/support/files.ts";
import { stream } from "../../src/support/random.ts";
import { quietly, tinyRecipe, writePictures } from "./tiny.ts";

const goldens = new URL("../goldens/sets.json", import.meta.url);

/** Digests of every method's images, compensators and labels, by the arithmetic of the processor that made them. */
type Goldens = Record<string, Record<string, string>>;

const bytesOf = (values: Uint8Array | Float32Array): Uint8Array =>
  new Uint8Array(values.buffer, values.byteOffset, values.byteLength);

/** Digest of a convolution's gradients to the last bit: two processors that agree in it are taken to agree in sets. */
const arithmetic = async (): Promise<string> => {
  const types = { x: float32(4, 16, 9, 9), w: float32(32, 16, 3, 3), m: float32(32, 10) };
  const random = stream(0, "arithmetic");
  const drawn = (shape: readonly number[]) =>
    tensor(Float32Array.from({ length: shape.reduce((n, d) => n * d, 1) }, random.normal), shape);
  const device = await openDevice("cpu", { threads: 1 });
  const compiled = await device.compile(
    trace(types, (v) => {
      const y = matmul(reshape(reduceSum(conv2d(v.x, v.w), [2, 3]), [4, 32]), v.m);
      return gradients(reduceSum(mul(y, y)), v);
    }),
  );
  const results = await compiled.run({ x: drawn(types.x.shape), w: drawn(types.w.shape), m: drawn(types.m.shape) });
  await device.close();
  return sha256(
    Object.values(results)
      .map(({ data }) => sha256(bytesOf(data as Float32Array)))
      .join(),
  );
};

/** A method with images as they are, and with small networks where it trains some. */
const entryOf = ({ name, storage, options }: Method): string =>
  [
    name,
    ...(storage === undefined ? [] : ["storage=images"]),
    ...("networks" in options.shape ? ["networks=1 epochs=1 moments=2 architecture=convnet8x2"] : []),
  ].join(" ");

it("every method's set has the images, compensators and labels that it always had", async () => {
  const folder = await mkdtemp(join(tmpdir(), "distillery-same-sets-"));
  const fields = {
    iterations: 4,
    labels: ["static"],
    seeds: 1,
    student: { epochs: 1 },
    full: { epochs: 0 },
    compare: { methods: methods.map(entryOf) },
  };
  try {
    const recipe = tinyRecipe(await writePictures(join(folder, "pictures"), { side: 16 }), fields);
    await commands.compare(recipe, quietly(join(folder, "out")));
    const found: Record<string, string> = {};
    for (const one of methods) {
      const [method, ...options] = entryOf(one).split(" ");
      const set = await readSet(join(folder, "out/sets", [`${method}-ipc3`, ...options].join("-")));
      const labels = trainingLabels(set)!;
      const rows = Int32Array.from({ length: set.manifest.budget.trainingImages }, (_, i) => i);
      const parts = [set.bases, set.compensators, labels.read(rows)].map((values) => sha256(bytesOf(values)));
      found[one.name] = sha256(parts.join());
    }
    const known = JSON.parse(await readFile(goldens, "utf8").catch(() => "{}")) as Goldens;
    const processor = `${(await arithmetic()).slice(0, 16)}, ${availableParallelism()} cores`;
    if (process.env.WRITE_GOLDENS !== undefined) await writeJson(goldens.pathname, { ...known, [processor]: found });
    else if (known[processor] === undefined)
      process.stderr.write("left out: sets of a processor that is not among the goldens\n");
    else expect(found).toMatchObject(known[processor]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}, 180_000);
