import { pickImages } from "../select/choose.ts";
import { drawImages } from "../select/draw.ts";
import type { Method } from "./method.ts";

/** Real images at random: the draw that INFER's bases are the beginning of. Under soft labels a strong baseline. */
export const random: Method = {
  name: "random",
  teachers: "none",
  make: async (stage) => pickImages(stage, drawImages(stage.data, stage.recipe.ipc, stage.recipe.seed)),
};
