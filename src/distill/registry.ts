// Every way to make a set: INFER and its ablations, then its rivals from the plainest to the most laborious.
import { DistilleryError } from "../support/errors.ts";
import { didYouMean } from "../support/suggest.ts";
import type { Method } from "./method.ts";
import { cda } from "./methods/cda.ts";
import { cim } from "./methods/cim.ts";
import { curriculum } from "./methods/curriculum.ts";
import { dm } from "./methods/dm.ts";
import { dsdm } from "./methods/dsdm.ts";
import { dwa } from "./methods/dwa.ts";
import { gvbsm } from "./methods/gvbsm.ts";
import { idc } from "./methods/idc.ts";
import { infer, inferCopies, inferNoise, inferOneTeacher } from "./methods/infer.ts";
import { inferIntra } from "./methods/infer-intra.ts";
import { inferMatch } from "./methods/infer-match.ts";
import { inferRded } from "./methods/infer-rded.ts";
import { match } from "./methods/match.ts";
import { mtt } from "./methods/mtt.ts";
import { ncfm } from "./methods/ncfm.ts";
import { random } from "./methods/random.ts";
import { sre2l } from "./methods/sre2l.ts";
import { herding } from "./select/herding.ts";
import { kCentre } from "./select/k-centre.ts";
import { rded } from "./select/rded.ts";

export const methods: readonly Method[] = [
  infer,
  inferCopies,
  inferNoise,
  inferOneTeacher,
  random,
  herding,
  kCentre,
  rded,
  inferRded,
  sre2l,
  cda,
  dwa,
  gvbsm,
  cim,
  dm,
  dsdm,
  ncfm,
  idc,
  mtt,
  match,
  curriculum,
  inferMatch,
  inferIntra,
];

/** The method that every other is read against. */
export const baseline = random;

/** The method of a name; undefined for any other, such as those of somebody else's sets. */
export const findMethod = (name: string): Method | undefined => methods.find((one) => one.name === name);

/** The method of a name. @throws DistilleryError RECIPE for an unknown one. */
export const methodNamed = (name: string): Method => {
  const found = findMethod(name);
  if (found !== undefined) return found;
  const names = methods.map((one) => one.name);
  throw new DistilleryError("RECIPE", `method: unknown method "${name}"${didYouMean(name, names)}`);
};
