// Differentiable siamese augmentation (DSA, Zhao & Bilen, ICML 2021, arXiv 2102.08259): one change a step, the same for all.
import { float32, mul, reshape, sub, type Tensor, tensor } from "../../autodiff/index.ts";
import type { Random } from "../../support/random.ts";
import { type Augmentation, colouring } from "./augmentation.ts";
import { drawColour } from "./colour.ts";
import type { Size } from "./resized-crop.ts";
import { axis } from "./view.ts";

/** Colour, crop, mirroring, scale and cutout, of which `drawSiamese` picks one. Rotation, DSA's sixth, is left out. */
export const siamese = (image: Size): Augmentation => {
  const { types, apply } = colouring(image);
  return {
    types: { ...types, cutRows: float32(image.height), cutColumns: float32(image.width) },
    moves: false,
    apply: (images, { cutRows, cutColumns, ...view }) => {
      const hole = mul(reshape(cutRows!, [1, 1, image.height, 1]), reshape(cutColumns!, [1, 1, 1, image.width]));
      return mul(apply(images, view), sub(1, hole));
    },
  };
};

/** Maps a place of an axis to the place it is read from, which need not be a whole number. */
type Place = (i: number) => number;

const same: Place = (i) => i;

/** The matrix of an axis that is looked up between its places; zeros (the mean colour) beyond them. */
const lookedUp = (length: number, place: Place): Tensor =>
  axis(length, (i) => {
    const at = place(i);
    const low = Math.floor(at);
    const taps = [
      [low, 1 - (at - low)],
      [low + 1, at - low],
    ] as const;
    return taps.filter(([tap, weight]) => weight > 0 && tap >= 0 && tap < length);
  });

const view = ({ height, width }: Size, rows: Place, columns: Place) => ({
  rows: lookedUp(height, rows),
  columns: lookedUp(width, columns),
});

/** 1 where a hole of half of the side, about a random place, is cut. */
const cut = (length: number, random: Random): Tensor => {
  const centre = random.int(length + 1);
  const inside = (i: number): boolean => i >= centre - length / 4 && i < centre + length / 4;
  return tensor(
    Float32Array.from({ length }, (_, i) => Number(inside(i))),
    [length],
  );
};

const whole = (length: number): Tensor => tensor(new Float32Array(length), [length]);

/** Brightness 0, saturation and contrast 1. */
const ownColour = (): Tensor => tensor(Float32Array.of(0, 1, 1), [3]);

/** The changes, each drawn in place of none: shifts by up to an eighth, scales of 1/1.2 to 1.2, holes of half the side. */
const changes: readonly ((random: Random, image: Size) => Readonly<Record<string, Tensor>>)[] = [
  (random) => ({ colour: drawColour(random) }),
  (random, image) => {
    const by = (length: number): Place => {
      const most = Math.round(length / 8);
      const shift = random.int(2 * most + 1) - most;
      return (i) => i + shift;
    };
    return view(image, by(image.height), by(image.width));
  },
  (random, image) => view(image, same, random.int(2) === 1 ? (i) => image.width - 1 - i : same),
  (random, image) => {
    const by = (length: number): Place => {
      const scale = 1 / 1.2 + random.float() * (1.2 - 1 / 1.2);
      const middle = (length - 1) / 2;
      return (i) => middle + scale * (i - middle);
    };
    return view(image, by(image.height), by(image.width));
  },
  (random, image) => ({ cutRows: cut(image.height, random), cutColumns: cut(image.width, random) }),
];

/** One change, drawn. */
export const drawSiamese = (random: Random, image: Size): Readonly<Record<string, Tensor>> => ({
  ...view(image, same, same),
  colour: ownColour(),
  cutRows: whole(image.height),
  cutColumns: whole(image.width),
  ...changes[random.int(changes.length)]!(random, image),
});
