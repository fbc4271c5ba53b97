/**
 * How a set can be made: INFER (arXiv 2408.06927) and what it is compared with in one table.
 *
 * - infer-copies, infer-noise, infer-one-teacher: ablations of INFER, every base copied instead of compensated (u = 0), noise
 *   for compensators, and the compensators of one teacher only.
 * - random, herding (arXiv 1611.07725), k-centre (arXiv 1708.00489): real images, chosen.
 * - rded (arXiv 2312.03526): real images, cropped, ranked and stitched.
 * - sre2l (arXiv 2306.13092), cda (arXiv 2311.18838), gvbsm (arXiv 2311.17950), dwa (arXiv 2409.17612): images optimised
 *   against trained teachers.
 * - dm (arXiv 2110.04181): images optimised to match the features of random networks.
 */
export const methods = [
  "infer",
  "infer-copies",
  "infer-noise",
  "infer-one-teacher",
  "random",
  "herding",
  "k-centre",
  "sre2l",
  "cda",
  "rded",
  "gvbsm",
  "dwa",
  "dm",
] as const;

export type Method = (typeof methods)[number];

/** Each in a line. */
export const aboutMethods: Readonly<Record<Method, string>> = {
  infer: "base images, and compensators that all classes share",
  "infer-copies": "INFER's base images, each teachers + 1 times, without compensators",
  "infer-noise": "INFER with noise as strong as each compensator in its place",
  "infer-one-teacher": "INFER with compensators of the first teacher only, labels of all",
  random: "real images drawn at random",
  herding: "real images whose features have the mean of their class",
  "k-centre": "real images whose features cover their class",
  sre2l: "images optimised from noise against one teacher and its BatchNorm statistics",
  cda: "SRe2L whose crops become smaller along a cosine",
  rded: "crops of real images that the teachers are surest of",
  gvbsm: "images optimised against all teachers in turns, with statistics of convolutions too",
  dwa: "SRe2L from real images, the teacher's weights nudged anew for every batch",
  dm: "real images moved until random networks give them their class's mean features",
};

/** Whether the base sets of a method have compensators. */
export const hasCompensators = (method: Method): boolean =>
  method === "infer" || method === "infer-noise" || method === "infer-one-teacher";

/** Whether a training image may be one base image again, for the same number of images without what makes them differ. */
export const mayCopy = (method: Method): boolean => method === "infer-copies";

/** How much of the training images a receiver of the set sees. */
export type Origin = "natural" | "crops" | "from-natural" | "from-noise";

const origins: Readonly<Partial<Record<Method, Origin>>> = {
  rded: "crops",
  dwa: "from-natural",
  dm: "from-natural",
  sre2l: "from-noise",
  cda: "from-noise",
  gvbsm: "from-noise",
};

/**
 * What the base images of a method are: training images as they are, crops of them, or images that were optimised, starting
 * from training images or from noise.
 */
export const originOf = (method: Method): Origin => origins[method] ?? "natural";

/** Whether a set is made by steps of optimisation; noise has the norms of compensators that are. */
export const isOptimised = (method: Method): boolean =>
  hasCompensators(method) || originOf(method) === "from-natural" || originOf(method) === "from-noise";
