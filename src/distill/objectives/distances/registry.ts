// The distances from means of real images that are computed once.
import { characteristic } from "./characteristic.ts";
import type { MeanDistance } from "./distance.ts";
import { mean } from "./mean.ts";

export const meanDistances: readonly MeanDistance[] = [mean, characteristic];
