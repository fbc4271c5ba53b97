import { checkArchitecture } from "../models/registry.ts";
import { DistilleryError } from "../support/errors.ts";

/** What an entry of a recipe's `teachers` asks for. */
export type WantedTeacher =
  | { readonly kind: "trained"; readonly architecture: string }
  /** A file of our own, which says what it is. */
  | { readonly kind: "file"; readonly file: string }
  /** Weights of another program, and what they are of. */
  | { readonly kind: "foreign"; readonly architecture: string; readonly file: string };

const ending = ".safetensors";

/** How an entry reads: `resnet18`, `PATH.safetensors` or `resnet18=PATH`. */
export const wantedTeacher = (entry: string): WantedTeacher => {
  const at = entry.indexOf("=");
  // Folders may be called lr=0.1: only what comes before any folder is an architecture.
  if (at >= 0 && !/[/\\]/.test(entry.slice(0, at))) {
    return { kind: "foreign", architecture: entry.slice(0, at), file: entry.slice(at + 1) };
  }
  return entry.endsWith(ending) ? { kind: "file", file: entry } : { kind: "trained", architecture: entry };
};

/** Fails on a misspelt architecture, and on a weight file of another kind. @throws USAGE. */
export const checkTeacherName = (entry: string): void => {
  const wanted = wantedTeacher(entry);
  if (wanted.kind === "file") return;
  if (wanted.kind === "trained") {
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
  if (!wanted.file.endsWith(ending)) {
    throw new DistilleryError(
      "USAGE",
      `teacher ${entry}: expected ARCHITECTURE=FILE${ending}, got the file "${wanted.file}"; ` +
        "safetensors.torch.save_file writes a torch state_dict as such a file",
    );
  }
};
