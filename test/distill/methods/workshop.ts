import { splitOf } from "../../../src/data/dataset.ts";
import { normalisationOf } from "../../../src/data/normalisation.ts";
import { budgetFor, layoutFor, type Made, type Method, type MethodStage } from "../../../src/distill/method.ts";
import { buildModel } from "../../../src/models/registry.ts";
import type { Prepared } from "../../../src/recipe/prepare.ts";
import type { Device } from "../../../src/runtime/index.ts";
import { type Layout, layoutOf, type Stored } from "../../../src/sets/layout.ts";
import { stream } from "../../../src/support/random.ts";
import { silent } from "../../../src/support/work/progress.ts";
import { classification } from "../../../src/tasks/classification.ts";
import type { Teacher } from "../../../src/teachers/teacher.ts";
import type { Worker } from "../../../src/training/jobs.ts";
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

/** What a test says of a stage; the rest is the same for all. */
interface Wanted extends Partial<Omit<MethodStage, "recipe" | "layout">> {
  readonly options?: Readonly<Record<string, unknown>>;
  readonly recipe?: Readonly<Record<string, unknown>>;
}

/** What a method is given, on one device, with two small teachers; its options are in the recipe. */
export const stageOf = (
  method: Method,
  device: Device,
  data: Prepared,
  folder: string,
  { options = {}, recipe: fields = {}, ...over }: Wanted = {},
): MethodStage => {
  const own = { ipc: 2, iterations: 12, method: { name: method.name, ...options } };
  const recipe = tinyRecipe("photos", { ...own, ...fields });
  const teachers = over.teachers ?? ["convnet6x2", "resnet18w4"].map((name) => teacherOf(name, data));
  const budget = budgetFor(method, recipe.method, recipe.ipc, data.task.classes, teachers.length);
  const layout = layoutFor(recipe.method, budget, data);
  return {
    recipe,
    data,
    layout,
    device,
    folder,
    shared: `${folder}/shared`,
    progress: silent,
    jobs: 1,
    ...over,
    teachers,
  };
};

/** What a method makes by the options of its stage's recipe. */
export const make = (method: Method, stage: MethodStage): Promise<Made> => method.make(stage, stage.recipe.method);

/** The layout of K base sets of images as they are, with V compensators each. */
export const layoutWith = (
  { classes, image, normalisation }: Pick<Stored, "classes" | "image" | "normalisation">,
  bases: number,
  compensators: number,
): Layout => {
  const trainingImages = (compensators + 1) * bases * classes.length;
  const budget = {
    ipc: bases,
    bases,
    compensators: bases * compensators,
    perBase: compensators,
    perClass: 0,
    trainingImages,
  };
  return layoutOf({ budget, classes, image, normalisation, storage: { kind: "images" } });
};

/** A worker that opens everything anew. */
export const workerOn = (device: Device): Worker => ({
  device,
  threads: 1,
  opening: () => 0,
  held: (_name, open) => open(),
  stepper: (_name, traced) => device.compileStep(traced()),
});
