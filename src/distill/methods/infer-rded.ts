// INFER's compensators on RDED's crops.
import { defineMethod } from "../method.ts";
import { cropBases, cropping, cropsEach } from "../select/rded.ts";
import { compensated, compensatorOptions, every } from "./infer.ts";

/** INFER (arXiv 2408.06927) whose base images are those of RDED (arXiv 2312.03526) in place of random ones. */
export const inferRded = defineMethod(compensatorOptions, {
  name: "infer-rded",
  title: "INFER on RDED's crops",
  about: "crops that the teachers are surest of as base images, and compensators that all classes share",
  family: "infer",
  mark: "plus",
  needs: { teachers: "all", statistics: true },
  pixels: "crops",
  compensators: (teachers) => ({ perBase: teachers }),
  imagesEach: cropsEach,
  ...compensated(every, { open: cropBases, kind: cropping }),
});
