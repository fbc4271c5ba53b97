// The images of a set, rebuilt from what it stores.
import { floats, type TensorType, tensor } from "../autodiff/index.ts";
import { normalise } from "../data/normalisation.ts";
import type { Compiled, Device } from "../runtime/index.ts";
import { lazy } from "../support/lazy.ts";
import { traceDecode } from "./decoder.ts";
import { type Layout, layoutOf } from "./layout.ts";
import type { DistilledSet } from "./set.ts";

/** The images of a set. */
export interface TrainingImages {
  /** Images in a student's epoch: the distinct ones, or a multiple of them. */
  readonly length: number;
  /** Class of every image, [length]. */
  readonly classes: Int32Array<ArrayBuffer>;
  /** Normalised pixels of some rows, [n, 3, H, W]. */
  read(rows: ArrayLike<number>): Promise<Float32Array<ArrayBuffer>>;
  /** Frees what decodes them. */
  release(): Promise<void>;
}

/** Images decoded at a time. */
const batch = 64;

/** Sets of up to so many bytes of decoded images are decoded once and kept. */
const mostKept = 2 ** 28;

type Decoder = Compiled<Record<string, TensorType>, { images: TensorType }>;

type Arrays = Pick<DistilledSet, "manifest" | "bases" | "compensators">;

const valuesIn = ({ height, width }: { readonly height: number; readonly width: number }): number => 3 * height * width;

/** Reads some rows as stored: normalised bases [n, 3, h, w] and compensators [n, 3, H, W], zeros where there is none. */
const itemsOf = ({ manifest, bases, compensators }: Arrays, layout: Layout, rows: ArrayLike<number>) => {
  const { stored, image } = layout;
  const [small, whole] = [valuesIn(stored), valuesIn(image)];
  const pixels = new Uint8Array(rows.length * small);
  const added = new Float32Array(layout.compensators > 0 ? rows.length * whole : 0);
  for (let i = 0; i < rows.length; i++) {
    const [base, u] = [layout.base(rows[i]!), layout.compensator(rows[i]!)];
    pixels.set(bases.subarray(base * small, (base + 1) * small), i * small);
    if (u >= 0) added.set(compensators.subarray(u * whole, (u + 1) * whole), i * whole);
  }
  return { bases: normalise(pixels, manifest.normalisation, stored.height, stored.width), compensators: added };
};

/** Rebuilds the images of any rows, `batch` at a time. */
const decoding =
  (set: Arrays, layout: Layout, decoder: Decoder | undefined) =>
  async (rows: ArrayLike<number>): Promise<Float32Array<ArrayBuffer>> => {
    if (decoder === undefined) return itemsOf(set, layout, rows).bases as Float32Array<ArrayBuffer>;
    const { stored, image } = layout;
    const size = valuesIn(image);
    const out = new Float32Array(rows.length * size);
    for (let from = 0; from < rows.length; from += batch) {
      const some = Array.from({ length: batch }, (_, i) => rows[Math.min(from + i, rows.length - 1)]!);
      const { bases, compensators } = itemsOf(set, layout, some);
      const { images } = await decoder.run({
        bases: tensor(bases, [batch, 3, stored.height, stored.width]),
        ...(layout.compensators > 0 && { compensators: tensor(compensators, [batch, 3, image.height, image.width]) }),
      });
      out.set(floats(images).subarray(0, Math.min(batch, rows.length - from) * size), from * size);
    }
    return out;
  };

/** Some rows of [n, size], gathered. */
export const gathered = (values: Float32Array, size: number, rows: ArrayLike<number>): Float32Array<ArrayBuffer> => {
  const out = new Float32Array(rows.length * size);
  for (let i = 0; i < rows.length; i++) out.set(values.subarray(rows[i]! * size, (rows[i]! + 1) * size), i * size);
  return out;
};

/**
 * Opens the training images of a set, decoded on a device as `decode` of their layout says. Small sets are decoded
 * once; of those above `most` bytes the rows that are asked for, so that memory does not grow with the number of compensators.
 */
export const openImages = async (
  set: Arrays,
  device: Pick<Device, "compile">,
  most = mostKept,
): Promise<TrainingImages> => {
  const layout = layoutOf(set.manifest);
  const { labelled, classes: C } = layout;
  const length = set.manifest.budget.trainingImages;
  const size = valuesIn(layout.image);
  const keeps = !layout.plain && labelled * size * 4 <= most;
  // With the first rows that are read: whoever only counts the images has nothing decoded.
  const opened = lazy(async () => {
    const decoder = layout.plain ? undefined : await device.compile(traceDecode(layout, batch));
    const decode = decoding(set, layout, decoder);
    if (!keeps) return { decoder, read: decode };
    const kept = await decode(Array.from({ length: labelled }, (_, row) => row)).finally(decoder?.release);
    return { decoder, read: async (rows: readonly number[]) => gathered(kept, size, rows) };
  });
  return {
    length,
    classes: Int32Array.from({ length }, (_, row) => row % C),
    read: async (rows) => (await opened.get()).read(Array.from(rows, (row) => row % labelled)),
    release: async () => {
      if (!keeps) await (await opened.take())?.decoder?.release();
    },
  };
};
