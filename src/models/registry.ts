// Every network by name.
import { DistilleryError } from "../support/errors.ts";
import { didYouMean } from "../support/suggest.ts";
import type { NetworkTask } from "../tasks/task.ts";
import { convNet } from "./convnet.ts";
import { efficientNetB0 } from "./efficientnet.ts";
import { mobileNetV2 } from "./mobilenet.ts";
import type { Model } from "./model.ts";
import { findLoaded } from "./own/known.ts";
import { type ResNetDepth, resNet } from "./resnet.ts";
import { shuffleNetV2 } from "./shufflenet.ts";
import { speedNet } from "./speednet.ts";

interface Family {
  readonly pattern: RegExp;
  readonly about: string;
  /** Names that a slip of the finger is compared with. */
  readonly examples: readonly string[];
  build(match: RegExpMatchArray, task: NetworkTask): Model;
}

/** Depth at which a ConvNet ends with 4 x 4 features: 3 at 32 pixels, 4 at 64, 5 at 128. */
const defaultDepth = ({ image }: NetworkTask): number =>
  Math.max(1, Math.round(Math.log2(Math.min(image.height, image.width) / 4)));

const tooSmall = (name: string, { image: { height, width } }: NetworkTask, why: string): DistilleryError =>
  new DistilleryError(
    "USAGE",
    `${name}: images of ${height}x${width} are too small, ${why}; use images of at least 8x8, which --resize 8 makes of a folder's, or another architecture`,
  );

/** A family named `name`[wWIDTH] whose widths are multiples of `unit`, `usual` where none is given. */
const scalable = (
  name: string,
  about: string,
  usual: number,
  unit: number,
  build: (task: NetworkTask, width: number) => Model,
): Family => ({
  pattern: new RegExp(`^${name}(?:w([1-9]\\d*))?$`),
  about: `${name}[wWIDTH]: ${about}; ${usual} wide`,
  examples: [name, `${name}w${usual}`],
  build: ([given, width = usual], task) => {
    if (Number(width) % unit !== 0) {
      const next = unit * Math.ceil(Number(width) / unit);
      throw new DistilleryError("USAGE", `${given}: the width must be a multiple of ${unit}; try ${name}w${next}`);
    }
    return build(task, Number(width));
  },
});

const families: readonly Family[] = [
  {
    pattern: /^convnet(\d+)?(?:x(\d+))?(in)?$/,
    about:
      "convnet[WIDTH][xDEPTH][in]: 3x3 conv + batch norm (in: instance norm) blocks; 128 wide, depth by image size (3 at 32x32, 4 at 64x64)",
    examples: ["convnet", "convnet128", "convnet64", "convnet128x3", "convnet64x2", "convnetin", "convnet128x3in"],
    build: ([, width, depth, instance], task) => {
      const shape = {
        width: Number(width ?? 128),
        depth: Number(depth ?? defaultDepth(task)),
        instance: instance !== undefined,
      };
      const most = Math.floor(Math.log2(Math.min(task.image.height, task.image.width)));
      if (most < 1) throw tooSmall("convnet", task, "it halves them once or more");
      if (shape.width < 1 || shape.depth < 1 || shape.depth > most) {
        throw new DistilleryError(
          "USAGE",
          `convnet${shape.width}x${shape.depth}: images of ${task.image.height}x${task.image.width} allow a width of at least 1 and a depth of 1 to ${most}`,
        );
      }
      return convNet(shape, task);
    },
  },
  {
    pattern: /^resnet(18|34|50|101)(?:w([1-9]\d*))?$/,
    about: "resnet(18|34|50|101)[wWIDTH]: 3x3 stem up to 64 pixels, 7x7 stem above; 64 wide",
    examples: ["resnet18", "resnet18w32", "resnet34", "resnet50", "resnet101"],
    build: ([, depth, width], task) => resNet(Number(depth) as ResNetDepth, task, Number(width ?? 64)),
  },
  scalable("mobilenetv2", "small images keep their size in stem and stage 2; multiples of 8", 32, 8, mobileNetV2),
  scalable("efficientnetb0", "small images keep their size in stem and stage 2; multiples of 8", 32, 8, efficientNetB0),
  scalable("shufflenetv2", "small images keep their size in the stem; even", 116, 2, shuffleNetV2),
  {
    pattern: /^speednet([1-9]\d*)?$/,
    about: "speednet[WIDTH]: whitened patches and three blocks WIDTH, 4 WIDTH, 4 WIDTH wide, trained fastest; 64 wide",
    examples: ["speednet", "speednet64", "speednet48"],
    build: ([, width], task) => {
      const { height, width: columns } = task.image;
      if (Math.min(height, columns) < 8) {
        throw tooSmall("speednet", task, "it halves them three times");
      }
      return speedNet(task, Number(width ?? 64));
    },
  },
];

/** One line for each known family of networks. */
export const architectures: readonly string[] = families.map((f) => f.about);

/** Names of networks, several of each family. */
export const architectureExamples: readonly string[] = families.flatMap((f) => f.examples);

const matchOf = (name: string): ((task: NetworkTask) => Model) | undefined => {
  for (const family of families) {
    const match = name.match(family.pattern);
    if (match) return (task) => family.build(match, task);
  }
  return undefined;
};

/** True for the name of a network of ours. */
export const isArchitecture = (name: string): boolean => matchOf(name) !== undefined;

const find = (name: string): ((task: NetworkTask) => Model) => {
  const build = findLoaded(name)?.build ?? matchOf(name);
  if (build !== undefined) return build;
  throw new DistilleryError(
    "USAGE",
    `unknown architecture "${name}"${didYouMean(name, architectureExamples)}; known: ${architectures.join("; ")}`,
  );
};

/** Throws the USAGE error of an unknown name without needing to know the data. */
export const checkArchitecture = (name: string): void => void find(name);

/** The network of a name such as "convnet", "convnet64x2" or "resnet18", or of a file that was loaded, for a task. */
export const buildModel = (name: string, task: NetworkTask): Model => find(name)(task);
