// Manifests of earlier versions, in the words of the newest.
import type { Origin } from "../pixels.ts";

export const newest = 6;

type Fields = Readonly<Record<string, unknown>>;

/** Version 1 did not say what was always so. */
const since1: Fields = { compensators: { dtype: "F16" }, labels: { kind: "logits", dtype: "F16" } };

/** Until version 3 the method told where the pixels came from. */
const originsUntil3: Readonly<Record<string, Origin>> = {
  rded: "crops",
  dwa: "from-natural",
  dm: "from-natural",
  sre2l: "from-noise",
  cda: "from-noise",
  gvbsm: "from-noise",
};

/** Until version 3 images were stored as they are, and no decoder beside them. */
const since3 = ({ method, image }: Fields): Fields => ({
  pixels: originsUntil3[String(method)] ?? "natural",
  storage: { kind: "images", ...(image as Fields) },
  decoding: "",
  undecoded: true,
});

/** Until version 4 compensators were those of base sets. */
const since4 = ({ budget }: Fields): Fields => {
  const known = budget as Fields | undefined;
  return { budget: { ...known, perBase: Math.floor(Number(known?.compensators) / Number(known?.bases)), perClass: 0 } };
};

/** Until version 5 tensors did not name their axes. */
const since5: Fields = { unnamedAxes: true };

/** The fields of a manifest of some version, its own left out, as one of the newest; nothing is checked. */
export const upgraded = (version: number, fields: Fields): Fields => ({
  ...(version < 2 && since1),
  ...(version < 4 && since3(fields)),
  ...(version < 6 && since5),
  ...fields,
  ...(version < 5 && since4(fields)),
  version: newest,
});
