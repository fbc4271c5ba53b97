// A trained student: what it says of images, its weights, and itself as an ONNX file.
import type { Tensor } from "../autodiff/index.ts";
import { normalise } from "../data/normalisation.ts";
import type { Device } from "../runtime/index.ts";
import type { Manifest } from "../sets/set.ts";
import { encodeNetwork, networkFacts } from "../students/network-file.ts";
import { DistilleryError } from "../support/errors.ts";
import { lazy } from "../support/lazy.ts";
import { argmaxRows } from "../tasks/classification.ts";
import type { History } from "../training/loop.ts";
import { openClassifier } from "../training/predict.ts";
import type { Frozen } from "../training/train-step.ts";

type Trained = Frozen & { readonly history: History };

/** Facts of the images that a student was trained on. */
type Origin = Pick<Manifest, "classes" | "normalisation">;

/** Images [n, 3, H, W]: pixels 0..255, which are normalised as the set's were, or numbers that are normalised already. */
export type Images = Uint8Array | Float32Array;

/** A network that was trained on a set. Close it when it is no longer needed, or declare it by `await using`. */
export interface Student extends AsyncDisposable {
  /** Full name of its architecture, e.g. convnet128x3. */
  readonly architecture: string;
  readonly classes: readonly string[];
  /** Its parameters and running statistics by their names, torchvision's where it has the network. */
  readonly weights: Readonly<Record<string, Tensor>>;
  /** Its loss over the steps. */
  readonly history: History;
  /** Index of the likeliest class of each image, [n]. */
  predict(images: Images): Promise<Int32Array>;
  /** [n, C]. */
  logits(images: Images): Promise<Float32Array>;
  /** Per cent of images whose likeliest class is their label; NaN of none. */
  accuracy(images: Images, labels: ArrayLike<number>): Promise<number>;
  /** An ONNX file of standard operators: `logits` and `probabilities` [N, C] of `images` [N, 3, H, W], pixels from 0 to 1. */
  toOnnx(): Uint8Array;
  close(): Promise<void>;
}

export const studentOf = (device: Device, trained: Trained, { classes, normalisation }: Origin): Student => {
  const { history, ...frozen } = trained;
  const { model, weights } = frozen;
  const { height, width } = model.task.image;
  const classifier = lazy(() => openClassifier(device, frozen));
  const logits: Student["logits"] = async (images) => {
    const size = 3 * height * width;
    if (images.length % size !== 0) {
      throw new DistilleryError(
        "USAGE",
        `images: expected ${size} values for each, 3 channels of ${height}x${width}, got ${images.length} in all`,
      );
    }
    const opened = await classifier.get();
    return opened.logits(images instanceof Uint8Array ? normalise(images, normalisation, height, width) : images);
  };
  const predict: Student["predict"] = async (images) => argmaxRows(await logits(images), classes.length);
  const close = async (): Promise<void> => {
    await (await classifier.take())?.release();
    await device.close();
  };
  return {
    architecture: model.name,
    classes,
    weights: { ...weights.parameters, ...weights.statistics },
    history,
    predict,
    logits,
    accuracy: async (images, labels) => {
      const right = (await predict(images)).filter((best, i) => best === labels[i]).length;
      return (100 * right) / labels.length;
    },
    toOnnx: () => encodeNetwork(frozen, normalisation, networkFacts(model.name, classes, normalisation)),
    close,
    [Symbol.asyncDispose]: close,
  };
};
