import { sizeOf, tensor } from "../../autodiff/index.ts";
import { drawColour } from "../../data/augment/colour.ts";
import { drawPaddedCrop } from "../../data/augment/view.ts";
import { byClass } from "../../data/split.ts";
import { freshWeights } from "../../models/model.ts";
import { buildModel } from "../../models/registry.ts";
import { hyperTensors, sgd } from "../../nn/optimisers.ts";
import { readable } from "../../recipe/prepare.ts";
import { keyOf } from "../../support/key.ts";
import { stream } from "../../support/random.ts";
import { machineOf } from "../../training/jobs.ts";
import { historyOf, type KeptWork, keptLoop, runKept } from "../../training/kept.ts";
import { estimateBytes } from "../../training/memory.ts";
import { drawImages } from "../select/draw.ts";
import { traceMatchStep } from "./dm-step.ts";
import { imageStateTypes } from "./image-step.ts";
import type { Method } from "./method.ts";
import { readPixels } from "./synthesise.ts";

/** The paper's, but for the steps. */
const settings = { architecture: "convnetin", real: 256, learningRate: 1, momentum: 0.5, colour: true } as const;

/**
 * DM, distribution matching (Zhao & Bilen, WACV 2023, arXiv 2110.04181): real images as a start, moved until the
 * mean features of each class are those of 256 real images of it, in a freshly drawn random ConvNet with instance norm every
 * step (`traceMatchStep` has the equation). No teacher is needed.
 *
 * The loss is a sum over classes and instance norm lets no image change another, so each class is a loop of its own; the
 * network of a step is the same for all. It departs from the paper in its steps (the recipe's iterations; 20,000 there), in its
 * augmentation (colour, crop and mirror every step; one of those, cutout, scale and rotation there) and in cutting off invalid
 * pixels at once.
 */
export const dm: Method = {
  name: "dm",
  teachers: "none",
  make: async (stage) => {
    const { recipe, data, device, folder } = stage;
    const { task, train, dataset } = data;
    const { ipc, iterations, seed } = recipe;
    // One class: the layer after the features is not used.
    const model = buildModel(settings.architecture, { ...task, classes: 1 });
    const picks = drawImages(data, ipc, seed);
    const members = byClass(train, task.classes);
    const real = Math.min(settings.real, ...members.map(({ length }) => length));
    const optimiser = sgd({ momentum: settings.momentum });
    const types = imageStateTypes(ipc, task, optimiser);
    const traced = () => traceMatchStep(model, optimiser, dataset.normalisation, ipc, real);

    const feedsOf = (c: number) => async (step: number) => {
      const order = stream(seed, "dm", "real", c, step).permutation(members[c]!.length).subarray(0, real);
      const images = await readable(data).images(order.map((at) => members[c]![at]!));
      return {
        network: freshWeights(model, stream(seed, "dm", "network", step)).parameters,
        real: tensor(images, [real, 3, task.image.height, task.image.width]),
        ...drawPaddedCrop(stream(seed, "dm", "view", c, step), task.image),
        colour: drawColour(stream(seed, "dm", "colour", c, step)),
        hyper: hyperTensors(optimiser.hyper(step, settings.learningRate)),
      };
    };

    const workOf = (c: number): KeptWork => {
      const key = keyOf({
        method: "dm",
        data: data.fingerprint,
        validation: recipe.validation,
        settings,
        iterations,
        seed,
        ipc,
        c,
        device: device.name,
      });
      return keptLoop({ file: `${folder}/${c}.safetensors`, key, steps: iterations, types }, async (lane) => {
        const own = Int32Array.from({ length: ipc }, (_, k) => picks[k * task.classes + c]!);
        const first = await readable(data).images(own);
        return {
          title: `dm: ${dataset.classes[c]!}`,
          stepper: await lane.stepper("dm", traced),
          start: () => ({
            images: tensor(first, types.images.shape),
            slots: { velocity: tensor(new Float32Array(first.length), types.images.shape) },
          }),
          feeds: feedsOf(c),
          keep: ({ images }) => ({ images }),
          advice: "leave dm out",
        };
      });
    };

    const works = Array.from({ length: task.classes }, (_, c) => workOf(c));
    const bytes = (): number => estimateBytes(traced().graph);
    const kept = await runKept(`dm: ${task.classes} classes`, machineOf(device), works, bytes, stage);
    const size = sizeOf(types.images.shape) / ipc;
    const bases = new Uint8Array(ipc * task.classes * size);
    for (const [c, one] of kept.entries()) {
      const own = await readPixels(data, one);
      for (let k = 0; k < ipc; k++) bases.set(own.subarray(k * size, (k + 1) * size), (k * task.classes + c) * size);
    }
    return { bases, curves: kept.map((one, c) => ({ name: `dm ${dataset.classes[c]!}`, history: historyOf(one) })) };
  },
};
