// What methods have in common that match images with real ones, class by class.
import { byStratum } from "../data/split.ts";
import { readable } from "../recipe/prepare.ts";
import { stream } from "../support/random.ts";
import type { MethodStage } from "./method.ts";
import type { Part } from "./optimise.ts";
import { drawImages } from "./select/draw.ts";
import { pickNormalised } from "./select/pick.ts";

/** At most `most` real images of a class, as many of each, drawn anew for every step. */
export const realImages = ({ data, recipe }: MethodStage, name: string, most: number) => {
  const members = byStratum(data.train, data.task);
  const count = Math.min(most, ...members.map(({ length }) => length));
  return {
    count,
    /** Normalised images [count, 3, H, W] of class c. */
    draw: (c: number, step: number): Promise<Float32Array> => {
      const order = stream(recipe.seed, name, "real", c, step).permutation(members[c]!.length).subarray(0, count);
      return readable(data).images(order.map((at) => members[c]![at]!));
    },
  };
};

/** A part for every class: all of its images, which start as random real ones. */
export const classParts = (stage: MethodStage, name: string) => {
  const { data, layout, recipe } = stage;
  const { bases: K, classes: C } = layout;
  const picks = drawImages(data, K, recipe.seed);
  const parts = Array.from({ length: C }, (_, c): Part & { readonly c: number } => ({
    c,
    name: String(c),
    title: `${name}: ${data.dataset.classes[c]!}`,
    curve: `${name} ${data.dataset.classes[c]!}`,
    learnt: { bases: Array.from({ length: K }, (_, k) => k * C + c) },
    graph: name,
    key: { c, bases: K },
  }));
  const classOf = (part: Part): number => parts.find((one) => one.name === part.name)!.c;
  return {
    parts,
    classOf,
    start: async (part: Part) => ({
      bases: await pickNormalised(
        stage,
        Int32Array.from(part.learnt.bases!, (at) => picks[at]!),
      ),
    }),
  };
};
