// Running a network of another program, which cannot be traced.
import { sizeOf, tensor } from "../autodiff/index.ts";
import type { Opaque } from "../models/model.ts";
import type { Device, Loaded } from "../runtime/index.ts";
import { DistilleryError, reasonOf } from "../support/errors.ts";
import type { NetworkTask } from "../tasks/task.ts";
import { inBatches } from "./in-batches.ts";

const wrong = ({ path }: Opaque, what: string, cause?: unknown): DistilleryError =>
  new DistilleryError("CHECKPOINT", `${path}: ${what}`, { cause });

const open = async (device: Device, network: Opaque): Promise<Loaded> => {
  try {
    return await device.load(network.bytes(), network.input, network.output);
  } catch (cause) {
    throw wrong(
      network,
      `ONNX Runtime cannot run it (${reasonOf(cause).split("\n")[0]}); export it with standard operators`,
      cause,
    );
  }
};

/** Pixels from 0 to 1 of normalised images [n, 3, H, W]. */
const pixelsOf = (images: Float32Array, plane: number, { mean, std }: NonNullable<Opaque["pixels"]>): Float32Array =>
  images.map((v, i) => {
    const channel = Math.floor(i / plane) % 3;
    return v * std[channel]! + mean[channel]!;
  });

/**
 * Opens the network of an ONNX file on a device, `usual` images at a time where the file leaves that open. @throws CHECKPOINT
 * where it cannot be run, or puts out other than logits.
 */
export const openOpaque = async (
  device: Device,
  network: Opaque,
  task: NetworkTask,
  usual: number,
): Promise<{ logits(images: Float32Array): Promise<Float32Array>; release(): Promise<void> }> => {
  const loaded = await open(device, network);
  const shape = [network.batch ?? usual, 3, task.image.height, task.image.width];
  const [batch, size] = [shape[0]!, sizeOf(shape.slice(1))];
  const run = async (images: Float32Array): Promise<Float32Array> => {
    const input = network.pixels ? pixelsOf(images, size / 3, network.pixels) : images;
    const output = await loaded.run(tensor(input, shape)).catch((cause: unknown) => {
      throw wrong(
        network,
        `ONNX Runtime cannot run it on images [${shape}] (${reasonOf(cause).split("\n")[0]}); export it for this size`,
        cause,
      );
    });
    const { data } = output;
    if (data instanceof Float32Array && data.length === batch * task.outputs) return data;
    throw wrong(
      network,
      `it puts out [${output.shape}] for ${batch} images, expected [${batch},${task.outputs}], a number for each class`,
    );
  };
  return {
    logits: (images) => inBatches(images, { batch, pixels: size, size: task.outputs }, run),
    release: () => loaded.release(),
  };
};
