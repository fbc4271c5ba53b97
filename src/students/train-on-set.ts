// Training a student on a set alone.
import type { Split } from "../data/dataset.ts";
import { buildModel } from "../models/registry.ts";
import type { Device } from "../runtime/index.ts";
import type { DistilledSet } from "../sets/set.ts";
import type { Context } from "../support/work/context.ts";
import { classification } from "../tasks/classification.ts";
import type { Checkpoint, History } from "../training/loop.ts";
import { measure, withClassifier } from "../training/predict.ts";
import type { Frozen } from "../training/train-step.ts";
import { planTraining, type TrainingPlan, type TrainingWishes } from "./plan.ts";
import { setSource } from "./set-source.ts";
import { studentStep, trainStudent } from "./train-student.ts";

/** A set, and the student to be trained on it. */
export interface SetTraining extends TrainingWishes, Context {
  readonly set: DistilledSet;
  /** Name of an architecture. */
  readonly student: string;
  readonly device: Device;
  /** Images of the set's classes in the set's order, and of its size, to measure the student on. */
  readonly test?: Split;
  readonly checkpoint?: Checkpoint;
}

export interface TrainedStudent extends Frozen {
  readonly plan: TrainingPlan;
  readonly history: History;
  /** Per cent of the test images, where there are such. */
  readonly accuracy?: number;
}

/** The network of a name for a set's classes and images. @throws USAGE for one that is unknown or does not fit. */
export const modelFor = ({ manifest: { classes, image } }: DistilledSet, student: string) =>
  buildModel(student, classification(classes.length, image));

/** Per cent of test images that a student of a set names rightly. */
export const measureOn = (
  test: Split,
  { set, device, ...context }: Pick<SetTraining, "set" | "device"> & Context,
  student: Frozen,
): Promise<number> => {
  const { classes, image, normalisation } = set.manifest;
  const task = classification(classes.length, image);
  const title = `student ${student.model.name}: test`;
  return withClassifier(device, student, (classifier) =>
    measure(classifier, test, { task, dataset: { normalisation } }, title, context),
  );
};

/**
 * Trains a student on a set and nothing else: the student of an evaluation that has the same settings and seed.
 * @throws DistilleryError SET, USAGE; NOT_FINITE; INTERRUPTED once `signal` is aborted.
 */
export const trainOnSet = async (training: SetTraining): Promise<TrainedStudent> => {
  const { set, device, test, checkpoint } = training;
  const { progress, signal, secondsBetweenCheckpoints } = training;
  const context: Context = {
    progress,
    ...(signal && { signal }),
    ...(secondsBetweenCheckpoints !== undefined && { secondsBetweenCheckpoints }),
  };
  const model = modelFor(set, training.student);
  const plan = planTraining(set, training);
  const source = await setSource(device, set, [plan.labels]);
  const student = {
    ...plan,
    title: `student ${model.name}`,
    model,
    task: classification(set.manifest.classes.length, set.manifest.image),
    source,
    teachers: [],
    number: 0,
  };
  const stepper = await device.compileStep(studentStep(student));
  try {
    const advice = `lower the learning rate (it is ${plan.learningRate})`;
    const around = { advice, ...(checkpoint && { checkpoint }) };
    const { state, history } = await trainStudent(student, stepper, around, context);
    const weights = { parameters: state.parameters, statistics: state.statistics };
    const accuracy = test && (await measureOn(test, { ...context, set, device }, { model, weights }));
    return { model, weights, plan, history, ...(accuracy !== undefined && { accuracy }) };
  } finally {
    await stepper.release();
    await source.release();
  }
};
