// Real images at random: the yardstick of every comparison.
import { defineMethod } from "../method.ts";
import { drawImages } from "../select/draw.ts";
import { pickImages } from "../select/pick.ts";

/** The draw that INFER's bases are the beginning of. Under soft labels a strong baseline. */
export const random = defineMethod(
  {},
  {
    name: "random",
    title: "Random images",
    about: "real images drawn at random",
    family: "real",
    mark: "circle",
    needs: { teachers: "none" },
    pixels: "natural",
    draws: () => true,
    make: async (stage) => ({
      bases: await pickImages(stage, drawImages(stage.data, stage.layout.bases, stage.recipe)),
      curves: [],
    }),
  },
);
