// The fields of a recipe.
import type { Cropping } from "../data/augment/cropping.ts";
import type { DeviceName } from "../runtime/index.ts";

/** A method and its options; those left out have their defaults. */
export interface MethodChoice {
  readonly name: string;
  readonly [option: string]: unknown;
}

/** Everything that determines a run's result; options of the command line and YAML recipe files are two ways to fill it. */
export interface Recipe {
  /** "demo", "cifar10", "cifar100" or the path of an image folder. */
  readonly data: string;
  /** Side length to which images of a folder are resized; absent: they must all have one size. */
  readonly resize?: number;
  readonly skipUnreadable: boolean;
  /** Fraction of the images of every class that become test images; absent: the data have such. */
  readonly test?: number;
  /**
   * By which means and deviations images are normalised: those of the data, which for ImageNet are the published ones, or
   * ImageNet's for any data, as networks expect that others trained or tuned from such.
   */
  readonly normalisation: "data" | "imagenet";
  /** Fraction of the training images of every class held out to watch teachers by; never trained on. */
  readonly validation: number;
  /** The method that makes the set; `compare` takes those of its own list. */
  readonly method: MethodChoice;
  readonly ipc: number;
  /**
   * Architecture names such as "convnet" or "resnet18", paths of teacher weight files, or both as "resnet18=PATH.safetensors"
   * for weights of other programs with torchvision's names.
   */
  readonly teachers: readonly string[];
  readonly students: readonly string[];
  readonly labels: readonly ("static" | "dynamic" | "hard")[];
  /** Steps of methods that optimise, in place of each one's own default. */
  readonly iterations?: number;
  /** Bytes that a set's labels may take, which decides how they are stored; absent: half floats. */
  readonly labelBytes?: number;
  /** Bytes that a whole set may take, its manifest included: labels get what the rest leaves. */
  readonly setBytes?: number;
  /** Number of times that each student is trained, with different seeds. */
  readonly seeds: number;
  readonly seed: number;
  /** Number of the draw of real images that a set begins with; the first is 0. Networks and students stay the same. */
  readonly draw?: number;
  readonly device: DeviceName;
  readonly teacher: {
    readonly epochs: number;
    /** Steps that few images take by more epochs. Absent where epochs were given, and once the data are known. */
    readonly minSteps?: number;
    readonly batch: number;
    readonly optimiser: "sgd" | "adamw" | "muon";
    readonly learningRate: number;
    readonly weightDecay: number;
    /** Nesterov's, of sgd. */
    readonly momentum: number;
    /** Highest learning rate of convolution filters under muon. */
    readonly filterRate: number;
    /** Learning rate of batch norm's shifts, as a multiple of the others'. */
    readonly biasRate: number;
    readonly schedule: "cosine" | "one-cycle" | "triangle";
    readonly labelSmoothing: number;
    /** Draws the weights to their own running average every few steps. */
    readonly lookahead: boolean;
    /** Shifts images by a few pixels, or resizes a random part of each to the whole, as is usual for photographs. */
    readonly crop: Cropping;
    /** `alternating`: every image is mirrored in every second epoch, in which ones is drawn once. */
    readonly flip: "random" | "alternating";
    /** Largest shift of images, as a fraction of their height. */
    readonly shift: number;
    /** The filling at the edges of shifted images. */
    readonly fill: "zeros" | "reflect";
    /** Reports the test accuracy with six views of each image beside the plain one. */
    readonly views: boolean;
    /** Images on which accuracy is measured after every epoch; it is only looked at, nothing is chosen by it. */
    readonly watch: "none" | "validation" | "test";
  };
  readonly student: {
    /** Epochs over the distilled set with static or hard labels; dynamic labels get epochs / (M + 1). */
    readonly epochs: number;
    readonly batch: number;
    readonly learningRate: number;
    readonly weightDecay: number;
    readonly temperature: number;
    /** As of teachers; shifts are of an eighth of the height. */
    readonly crop: Cropping;
    /** Parameter of mixup's Beta distribution; 0 switches mixup off. */
    readonly mixup: number;
  };
  /** Students on the full real data, hard labels. */
  readonly full: { readonly epochs: number /** As of teachers. */; readonly minSteps?: number; readonly batch: number };
  /**
   * Sets that `compare` puts side by side: every method at every budget, by default the recipe's own, from as many draws of
   * first images. A method may be followed by settings in which its set differs from the recipe: "infer labelBytes=4KB
   * bases=confidence".
   */
  readonly compare: { readonly methods: readonly string[]; readonly ipc?: readonly number[]; readonly draws?: number };
}
