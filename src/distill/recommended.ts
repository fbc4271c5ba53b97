// The method that our measurements recommend for data, budget and labels: the table behind the name `best`.
import type { Size } from "../data/augment/resized-crop.ts";
import type { Recipe } from "../recipe/recipe.ts";
import { plural } from "../support/format.ts";
import type { Method } from "./method.ts";
import { methodNamed } from "./registry.ts";

/** Stands for a recommended method where recipes name one. */
export const best = "best";

export interface Recommendation {
  /** The largest task that it is for: classes, pixels of the longer side, images a class. */
  readonly upTo: { readonly classes: number; readonly side: number; readonly ipc: number };
  /** Kinds of labels, one of which must be asked for. */
  readonly labels: Recipe["labels"];
  readonly method: string;
  readonly options: Readonly<Record<string, string | number>>;
  /** The measurement that it rests on, to follow "because". */
  readonly because: string;
  /** Folder of that measurement, below results/. */
  readonly results: string;
}

/** The first that fits is taken; bounds are about twice what was measured. */
export const recommendations: readonly Recommendation[] = [
  {
    upTo: { classes: 20, side: 64, ipc: 20 },
    labels: ["hard", "static"],
    method: "match",
    options: { networks: 3, epochs: 6, real: 512, views: 10, storage: "formation2" },
    because:
      "it brought CIFAR-10 to 63.2 % with hard labels and 61.1 % with static ones, random images to 36.0 and 42.5 %",
    results: "cifar10-match",
  },
  {
    upTo: { classes: 20, side: Number.POSITIVE_INFINITY, ipc: Number.POSITIVE_INFINITY },
    labels: ["hard", "static", "dynamic"],
    method: "random",
    options: {},
    because: "INFER was 1.9 points below random images of CIFAR-10 at 50 images a class, and with dynamic labels at 10",
    results: "cifar10-m4",
  },
  {
    upTo: { classes: 200, side: 64, ipc: 20 },
    labels: ["hard"],
    method: "match",
    options: { networks: 2, epochs: 6, real: 128, views: 4, iterations: 250, storage: "formation2" },
    because:
      "it brought 100 classes of Tiny-ImageNet to 19.6 % with hard labels, random images to 11.9 %; with static ones of a teacher of another kind it was far below",
    results: "tiny100-match",
  },
  {
    upTo: {
      classes: Number.POSITIVE_INFINITY,
      side: Number.POSITIVE_INFINITY,
      ipc: Number.POSITIVE_INFINITY,
    },
    labels: ["hard", "static", "dynamic"],
    method: "random",
    options: {},
    because: "none of twelve methods was clearly above random images of 100 classes of Tiny-ImageNet",
    results: "tiny100-ipc10",
  },
];

/** Data, budget and labels that a recommendation is asked for. */
export interface Wanted {
  readonly classes: number;
  readonly image: Size;
  readonly ipc: number;
  readonly labels: Recipe["labels"];
}

export const recommend = ({ classes, image, ipc, labels }: Wanted): Recommendation =>
  recommendations.find(
    ({ upTo, labels: measured }) =>
      classes <= upTo.classes &&
      Math.max(image.height, image.width) <= upTo.side &&
      ipc <= upTo.ipc &&
      labels.some((kind) => measured.includes(kind)),
  )!;

/** `best is match networks=3 for 10 classes ...: because ...`: a recommendation and what it rests on, in one line. */
export const explain = (
  { method, options, because, results }: Recommendation,
  { classes, image, ipc, labels }: Wanted,
): string =>
  `best is ${[method, ...wordsOf(options)].join(" ")} for ${plural(classes, "class", "classes")} at ${image.height}x${image.width}, ` +
  `${plural(ipc, "image")} a class and ${labels.join(", ")} labels, because ${because} (results/${results})`;

/** Options as they are written behind a method's name: `networks=3`. */
export const wordsOf = (options: Readonly<Record<string, unknown>>): string[] =>
  Object.entries(options).map(([name, value]) => `${name}=${String(value)}`);

/** The methods that may be recommended, as the table has them. */
export const recommended: readonly Method[] = [...new Set(recommendations.map(({ method }) => method))].map(
  methodNamed,
);
