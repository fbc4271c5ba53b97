// Options of how a set stores what is learnt: bits of a pixel, type of compensators. They change no learning.
import { compensatorDtypes } from "../sets/index.ts";
import { choice, within } from "../support/fields.ts";

export const bits = within(
  1,
  8,
  "bits of a learnt pixel that are stored: with fewer, pixels are rounded to multiples of 2^(8 - bits) and their PNG is lighter",
  { storage: true },
);

export const precision = choice(
  compensatorDtypes,
  "how compensators are stored: floats F32, half floats F16, 8 bits I8, 4 bits I4",
  { storage: true },
);
