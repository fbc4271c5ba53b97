// Every way to store an image, by its name.
import { DistilleryError } from "../../support/errors.ts";
import { images } from "./images.ts";
import type { Parametrisation } from "./parametrisation.ts";

export const parametrisations: readonly [Parametrisation, ...Parametrisation[]] = [images];

/** Their names, the plainest first. */
export const parametrisationKinds = parametrisations.map(({ kind }) => kind) as [string, ...string[]];

/** The parametrisation of a name. @throws DistilleryError SET for an unknown one. */
export const parametrisationOf = (kind: string): Parametrisation => {
  const found = parametrisations.find((one) => one.kind === kind);
  if (found !== undefined) return found;
  throw new DistilleryError(
    "SET",
    `its images are stored as "${kind}", which this program does not know (it knows ${parametrisationKinds.join(", ")}); ` +
      "update distillery, or rebuild them by the set's decode.onnx in any ONNX runtime",
  );
};
