// The choice of example images for a report.
import sharp from "sharp";
import { findMethod } from "../../distill/registry.ts";
import type { GalleryItem, NamedClass } from "../../evaluation/rows.ts";
import {
  type DistilledSet,
  type Layout,
  layoutOf,
  sameSize,
  type TrainingImages,
  trainingLabels,
  wordsOf,
} from "../../sets/index.ts";

/** Values [3, H, W] mapped from [low, high] to 0..255 and encoded as a PNG. */
const picture = (
  values: ArrayLike<number>,
  height: number,
  width: number,
  low: readonly number[],
  high: readonly number[],
): Promise<Buffer> => {
  const plane = height * width;
  const pixels = Buffer.alloc(3 * plane);
  for (let c = 0; c < 3; c++) {
    const span = high[c]! - low[c]! || 1;
    for (let i = 0; i < plane; i++) {
      pixels[3 * i + c] = Math.max(0, Math.min(255, Math.round((255 * (values[c * plane + i]! - low[c]!)) / span)));
    }
  }
  return sharp(pixels, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer();
};

const extremes = (values: Float32Array): [number, number] =>
  values.reduce<[number, number]>(([low, high], v) => [Math.min(low, v), Math.max(high, v)], [Infinity, -Infinity]);

const softmax = (logits: Float32Array): number[] => {
  const largest = Math.max(...logits);
  const weights = Array.from(logits, (z) => Math.exp(z - largest));
  const sum = weights.reduce((a, b) => a + b, 0);
  return weights.map((w) => w / sum);
};

/** Says at what size bases are stored, where that is not the images'. */
const sizeOf = ({ stored, image }: Layout): string[] =>
  sameSize(stored, image) ? [] : [`stored at ${stored.width} × ${stored.height}`];

/** Names compensator v - 1, where there is one, by its teacher, if each has one and images are made by teachers at all. */
const addedOf = ({ manifest: { method, budget, teachers } }: DistilledSet, v: number): string[] => {
  const { perBase } = budget;
  if (v === 0) return [];
  if (v > perBase) return [`compensator ${v - perBase - 1} of the class`];
  const untaught = findMethod(method)?.needs.teachers === "none";
  return [
    perBase === teachers.length && !untaught ? `teacher ${teachers[v - 1]!.architecture}` : `compensator ${v - 1}`,
  ];
};

/** One example of each class (at most `most`), taken from the set as it is read, base sets and compensators in turn. */
export const makeGallery = async (set: DistilledSet, images: TrainingImages, most = 20): Promise<GalleryItem[]> => {
  const { classes, normalisation } = set.manifest;
  const layout = layoutOf(set.manifest);
  const { bases: K, compensators, perBase, perClass, classes: C, image, stored } = layout;
  const { height, width } = image;
  const [small, size] = [3 * stored.height * stored.width, 3 * height * width];
  const labels = trainingLabels(set);
  const low = normalisation.mean.map((mean, c) => -mean / normalisation.std[c]!);
  const high = normalisation.mean.map((mean, c) => (1 - mean) / normalisation.std[c]!);
  const named = (c: number): NamedClass => {
    const words = wordsOf(set.manifest, c);
    return { className: classes[c]!, ...(words !== undefined && { words }) };
  };
  const shown = Array.from({ length: Math.min(most, C) }, (_, i) => Math.floor((i * C) / Math.min(most, C)));
  return Promise.all(
    shown.map(async (c, i): Promise<GalleryItem> => {
      const k = i % K;
      const v = compensators > 0 ? 1 + (i % (perBase + perClass)) : 0;
      const row = (v * K + k) * C + c;
      const at = layout.compensator(row);
      const u = set.compensators.subarray(at * size, (at + 1) * size);
      const stretched = (): Promise<Buffer> => {
        const [least, largest] = extremes(u);
        return picture(u, height, width, [least, least, least], [largest, largest, largest]);
      };
      const probabilities = labels === undefined ? [] : softmax(labels.read([row]));
      const top = probabilities
        .map((probability, index) => ({ ...named(index), probability }))
        .sort((a, b) => b.probability - a.probability);
      return {
        ...named(c),
        base: await picture(
          set.bases.subarray((k * C + c) * small, (k * C + c + 1) * small),
          stored.height,
          stored.width,
          [0, 0, 0],
          [255, 255, 255],
        ),
        ...(compensators > 0 && { compensator: await stretched() }),
        ...(!layout.plain && { image: await picture(await images.read([row]), height, width, low, high) }),
        caption: [`base ${k}`, ...sizeOf(layout), ...addedOf(set, v)].join(", "),
        topLabels: top.slice(0, 3),
      };
    }),
  );
};
