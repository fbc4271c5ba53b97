// Training images as a set stores them.
import { normalise } from "../../data/normalisation.ts";
import { parametrisationOf } from "../../sets/index.ts";
import type { MethodStage } from "../method.ts";

/** Stored pixels [n, 3, h, w], 0..255, of training images [n, 3, H, W] by their indices. */
export const pickImages = async ({ data, layout }: MethodStage, picks: ArrayLike<number>): Promise<Uint8Array> =>
  parametrisationOf(layout.kind).encode(await data.train.read(picks), data.task.image);

/** The same, normalised: where images that are learnt begin. */
export const pickNormalised = async (stage: MethodStage, picks: ArrayLike<number>): Promise<Float32Array> => {
  const { height, width } = stage.layout.stored;
  return normalise(await pickImages(stage, picks), stage.data.dataset.normalisation, height, width);
};
