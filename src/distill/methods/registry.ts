import { DistilleryError } from "../../support/errors.ts";
import { didYouMean } from "../../support/nearest.ts";
import { cda } from "./cda.ts";
import { dm } from "./dm.ts";
import { dwa } from "./dwa.ts";
import { gvbsm } from "./gvbsm.ts";
import { herding } from "./herding.ts";
import { kCentre } from "./k-centre.ts";
import type { Method, RivalName } from "./method.ts";
import { random } from "./random.ts";
import { rded } from "./rded.ts";
import { sre2l } from "./sre2l.ts";

/** INFER's rivals, from the plainest to the most laborious. */
export const rivals: Readonly<Record<RivalName, Method>> = {
  random,
  herding,
  "k-centre": kCentre,
  rded,
  sre2l,
  cda,
  dwa,
  gvbsm,
  dm,
};

export const isRival = (name: string): name is RivalName => Object.hasOwn(rivals, name);

/** A rival by its name. @throws USAGE for an unknown one. */
export const rivalNamed = (name: string): Method => {
  const found = Object.values(rivals).find((method) => method.name === name);
  if (found !== undefined) return found;
  const known = Object.keys(rivals);
  throw new DistilleryError("USAGE", `unknown method "${name}"${didYouMean(name, known)}; known: ${known.join(", ")}`);
};
