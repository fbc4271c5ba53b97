// The record of a task: targets, losses and a metric.
import type { Tensor, TensorType, Value } from "../autodiff/index.ts";
import type { Named } from "../nn/layers.ts";
import type { Mix } from "./mixup.ts";
import type { Warp } from "./warp.ts";

/** The part of a task that networks see: sizes, targets and losses. Labels stay outside, targets are made from them. */
export interface NetworkTask {
  readonly classes: number;
  /** Pixels. */
  readonly image: { readonly height: number; readonly width: number };
  /** Means and deviations of colours by which the images were normalised, where that is known. */
  readonly normalisation?: { readonly mean: readonly number[]; readonly std: readonly number[] };
  /** Numbers that a network puts out for each image. */
  readonly outputs: number;
  /** Targets of a training step of n images with labels of their own. */
  targetTypes(n: number): Readonly<Record<string, TensorType>>;
  /** Means over a batch, of outputs [n, outputs]. */
  readonly loss: {
    hard(outputs: Value, targets: Named<Value>): Value;
    /** Against a teacher's outputs [n, outputs]. */
    soft(outputs: Value, teacher: Value, temperature: number): Value;
  };
}

/** A score counted on some images. */
export interface Score<Label> {
  /** NaN of no images. */
  readonly value: number;
  /** The same of the images of each class alone; absent where images have no class. */
  readonly byClass?: readonly number[];
  /** Counts n more images too, by their outputs [n, outputs] and labels. */
  add(outputs: Float32Array, labels: ArrayLike<Label>): Score<Label>;
}

export interface Metric<Label> {
  readonly name: string;
  readonly unit: string;
  /** The score of no images. */
  readonly start: Score<Label>;
}

/** All there is to say of a task. `Label` is what the data say of an image, such as the index of its class. */
export interface Task<Label = number> extends NetworkTask {
  readonly name: string;
  /** Targets of a training step; `smoothing` is the part of probabilities that is spread evenly. */
  targets(labels: ArrayLike<Label>, smoothing?: number): Named<Tensor>;
  /** Targets of a training step, from labels or from a teacher's outputs, mixed as its images were. */
  mix(targets: Named<Tensor>, mix: Mix): Named<Tensor>;
  /** The label of an image that was moved. */
  warp(label: Label, warp: Warp): Label;
  /** The losses in words. */
  readonly lossWords: { readonly hard: string; soft(temperature: number): string };
  readonly metric: Metric<Label>;
  /** Strata that a draw balances, such as the classes: their number, and those that an image belongs to. */
  readonly strata: { readonly count: number; of(label: Label): readonly number[] };
}
