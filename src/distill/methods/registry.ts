import type { Method as MethodName } from "../../sets/index.ts";
import { herding } from "../select/herding.ts";
import { kCentre } from "../select/k-centre.ts";
import { rded } from "../select/rded.ts";
import { cda } from "./cda.ts";
import { dm } from "./dm.ts";
import { dwa } from "./dwa.ts";
import { gvbsm } from "./gvbsm.ts";
import { infer, inferCopies, inferNoise, inferOneTeacher } from "./infer.ts";
import type { Method } from "./method.ts";
import { random } from "./random.ts";
import { sre2l } from "./sre2l.ts";

/** Every way to make a set by its name: INFER and its ablations, then its rivals from the plainest to the most laborious. */
export const methodsByName: Readonly<Record<MethodName, Method>> = {
  infer,
  "infer-copies": inferCopies,
  "infer-noise": inferNoise,
  "infer-one-teacher": inferOneTeacher,
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
