// One file of numpy's arrays.
import { Readable } from "node:stream";
import { ZipFile } from "yazl";
import { type NpyType, npyHeader, npyTexts } from "../../codecs/npy.ts";
import { arraysOf } from "../arrays.ts";
import type { ExportFormat } from "../format.ts";

const types = { F32: "<f4", I64: "<i8" } as const;
const valueBytes = { F32: 4, I64: 8 } as const;

/** Stored, not packed, and of no time: the first that the format knows. */
const plain = { compress: false, mtime: new Date(1980, 0, 1), forceDosTimestamp: true, mode: 0o100644 };

/** Adds an array of known bytes. */
const addArray = (zip: ZipFile, name: string, type: NpyType, shape: readonly number[], bytes: Uint8Array): void =>
  zip.addBuffer(Buffer.concat([npyHeader(type, shape), bytes]), `${name}.npy`, plain);

export const npz: ExportFormat = {
  name: "npz",
  about: "train.npz: images (float32, normalised, exact), labels, logits, mean, std and classes for numpy",
  pixels: "float32",
  dataFiles: "train.npz",
  write: (source, folder) =>
    folder.write("train.npz", async (append) => {
      const { classes, normalisation } = source.manifest;
      const zip = new ZipFile();
      const output = zip.outputStream as Readable;
      for (const { name, dtype, shape, pieces } of arraysOf(source)) {
        const header = npyHeader(types[dtype], shape);
        const size = header.length + shape.reduce((n, side) => n * side, valueBytes[dtype]);
        async function* content(): AsyncGenerator<Uint8Array> {
          yield header;
          yield* pieces();
        }
        zip.addReadStreamLazy(`${name}.npy`, { ...plain, size }, (give) => {
          const stream = Readable.from(content(), { objectMode: false });
          stream.on("error", (error) => output.destroy(error));
          give(null, stream);
        });
      }
      for (const name of ["mean", "std"] as const) {
        addArray(zip, name, "<f8", [3], new Uint8Array(Float64Array.from(normalisation[name]).buffer));
      }
      const texts = npyTexts(classes);
      addArray(zip, "classes", texts.type, [classes.length], texts.bytes);
      zip.end();
      for await (const piece of output) await append(piece as Buffer);
    }),
  open: `import numpy

data = numpy.load("FOLDER/train.npz")
images, labels, classes = data["images"], data["labels"], data["classes"]
pixels = images * data["std"].reshape(3, 1, 1) + data["mean"].reshape(3, 1, 1)  # 0 to 1`,
  describe: () => ({ distribution: [], recordSet: [] }),
};
