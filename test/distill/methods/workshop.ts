import { splitOf } from "../../../src/data/dataset.ts";
import { normalisationOf } from "../../../src/data/normalisation.ts";
import { buildModel } from "../../../src/models/registry.ts";
import type { Prepared } from "../../../src/recipe/prepare.ts";
import type { Device } from "../../../src/runtime/index.ts";
import { silent } from "../../../src/support/progress.ts";
import { stream } from "../../../src/support/random.ts";
import { classification } from "../../../src/tasks/classification.ts";
import type { Stage } from "../../../src/teachers/stage.ts";
import type { Teacher } from "../../../src/teachers/teacher.ts";
import { formulaWeights } from "../../goldens/formula.ts";
import { tinyRecipe } from "../../pipeline/tiny.ts";

export interface Bench {
  readonly classes?: number;
  readonly side?: number;
  /** Images of each class, in which class c is told by a stripe. */
  readonly images?: number;
}

/** Data in memory whose image i has the class i modulo C. */
export const prepared = async ({ classes = 3, side = 8, images = 10 }: Bench = {}): Promise<Prepared> => {
  const count = classes * images;
  const random = stream(3, "workshop", classes, side);
  const labels = Int32Array.from({ length: count }, (_, i) => i % classes);
  const pixels = Uint8Array.from({ length: count * 3 * side * side }, (_, at) => {
    const label = Math.floor(at / (3 * side * side)) % classes;
    return random.int(150) + (at % side === label ? 100 : 0);
  });
  const train = splitOf(pixels, labels);
  const nothing = splitOf(new Uint8Array(), new Int32Array());
  return {
    dataset: {
      name: "workshop",
      classes: Array.from({ length: classes }, (_, c) => `kind${c}`),
      image: { height: side, width: side },
      train,
      test: nothing,
      normalisation: await normalisationOf(train),
      skipped: [],
      ignored: 0,
    },
    train,
    validation: nothing,
    task: classification(classes, { height: side, width: side }),
    fingerprint: JSON.stringify([classes, side, images]),
  };
};

/** A network that was never trained, with running statistics that no data have; `normBias` 4.5 makes it smooth. */
export const teacherOf = (architecture: string, { task }: Prepared, normBias = 0): Teacher => {
  const model = buildModel(architecture, task);
  return {
    model,
    weights: formulaWeights(model, normBias),
    file: `${architecture}.safetensors`,
    sha256: architecture,
    bytes: 0,
    accuracy: 50,
    validationAccuracy: 50,
    epochs: 1,
    history: { steps: [], series: {} },
  };
};

/** What methods are given, on one device, with two small teachers. */
export const stageOf = (
  device: Device,
  data: Prepared,
  folder: string,
  { recipe = {}, ...over }: Partial<Omit<Stage, "recipe">> & { readonly recipe?: Record<string, unknown> } = {},
): Stage => ({
  recipe: tinyRecipe("photos", { ipc: 2, iterations: 12, ...recipe }),
  data,
  teachers: ["convnet6x2", "resnet18w4"].map((name) => teacherOf(name, data)),
  device,
  folder,
  progress: silent,
  jobs: 1,
  ...over,
});
