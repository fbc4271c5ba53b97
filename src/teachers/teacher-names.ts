// Entries of a recipe's teachers: architectures, files or both.
import { isNetworkFile, isOnnx } from "../models/own/own-file.ts";
import { checkArchitecture } from "../models/registry.ts";
import { DistilleryError } from "../support/errors.ts";

/** A teacher that an entry of a recipe's `teachers` asks for. */
export type WantedTeacher =
  | { readonly kind: "trained"; readonly architecture: string }
  /** A file of our own, which says what it is. */
  | { readonly kind: "file"; readonly file: string }
  /** Weights of another program, and what they are of: an ONNX file is both. */
  | { readonly kind: "foreign"; readonly architecture: string; readonly file: string };

const ending = ".safetensors";
const isSafetensors = (file: string): boolean => file.toLowerCase().endsWith(ending);

/** No architecture has a dot or a slash in its name. */
const isPath = (entry: string): boolean => /[./\\]/.test(entry);

/** Weights of a network of one's own: `./mine.mjs=PATH`. */
const ownWeights = /^(.+\.(?:onnx|mjs|js|mts|ts))=(.+)$/i;

/** Reads an entry: `resnet18`, `PATH.safetensors`, `resnet18=PATH`, `PATH.onnx`, `mine.mjs` or `mine.mjs=PATH`. */
export const wantedTeacher = (entry: string): WantedTeacher => {
  const [, own, weights] = ownWeights.exec(entry) ?? [];
  if (own !== undefined && weights !== undefined) return { kind: "foreign", architecture: own, file: weights };
  if (isOnnx(entry)) return { kind: "foreign", architecture: entry, file: entry };
  const at = entry.indexOf("=");
  // Folders may be called lr=0.1: only what comes before any folder is an architecture.
  if (at >= 0 && !isPath(entry.slice(0, at))) {
    return { kind: "foreign", architecture: entry.slice(0, at), file: entry.slice(at + 1) };
  }
  return isSafetensors(entry) ? { kind: "file", file: entry } : { kind: "trained", architecture: entry };
};

const conversion = "safetensors.torch.save_file writes a torch state_dict as such a file";

/** The error for a file of which nobody says what it is of, and which is not read. */
const otherFile = (file: string): DistilleryError =>
  new DistilleryError(
    "USAGE",
    `teacher ${file}: it is a file, but none of safetensors, and of which architecture nobody says; ` +
      `expected ARCHITECTURE=FILE${ending}, e.g. resnet18=${file.replace(/\.[^./\\]*$/, "")}${ending}, or an architecture to train; ${conversion}`,
  );

/** Fails on a misspelt architecture, and on a weight file of another kind. @throws USAGE. */
export const checkTeacherName = (entry: string): void => {
  const wanted = wantedTeacher(entry);
  if (wanted.kind === "file") return;
  if (wanted.kind === "trained") {
    if (isPath(entry) && !isNetworkFile(entry)) throw otherFile(entry);
    checkArchitecture(wanted.architecture);
    return;
  }
  try {
    checkArchitecture(wanted.architecture);
  } catch (cause) {
    if (!(cause instanceof DistilleryError)) throw cause;
    throw new DistilleryError(
      cause.code,
      `teacher ${entry}: ${cause.message}; a teacher's own file with = in its name is given with its folder, ./${entry}`,
      { cause },
    );
  }
  if (!isSafetensors(wanted.file) && wanted.file !== wanted.architecture) {
    throw new DistilleryError(
      "USAGE",
      `teacher ${entry}: expected ARCHITECTURE=FILE${ending}, got the file "${wanted.file}"; ${conversion}`,
    );
  }
};

/** Files that define networks, among the entries of teachers and students. */
export const networkFiles = (teachers: readonly string[], students: readonly string[]): string[] =>
  [
    ...teachers.flatMap((entry) => {
      const wanted = wantedTeacher(entry);
      return wanted.kind === "file" ? [] : wanted.architecture;
    }),
    ...students,
  ].filter(isNetworkFile);

/** Fails on a misspelt architecture, and on weights: students begin with new ones. @throws USAGE. */
export const checkStudentName = (entry: string): void => {
  if (!isNetworkFile(entry) && (entry.includes("=") || isPath(entry))) {
    throw new DistilleryError(
      "USAGE",
      `student ${entry}: expected the name of an architecture such as convnet or resnet18, an ONNX file or a module, got a file; students are trained from the beginning, weights are for --teachers`,
    );
  }
  checkArchitecture(entry);
};
