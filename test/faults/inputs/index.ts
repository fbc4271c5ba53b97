import { bombs } from "./bombs.ts";
import { images } from "./images.ts";
import type { Input } from "./input.ts";
import { nesting } from "./nesting.ts";
import { paths } from "./paths.ts";
import { published } from "./published.ts";
import { recipes } from "./recipes.ts";
import { runs } from "./runs.ts";
import { sets } from "./sets.ts";
import { teachers } from "./teachers.ts";

export type { Ask } from "./input.ts";

/** Inputs damaged at random. */
export const mutated: readonly Input[] = [...images, ...sets, ...teachers, ...recipes, ...published, ...runs];

/** Inputs made to harm. */
export const crafted: readonly Input[] = [bombs, nesting, paths];

export const inputs: readonly Input[] = [...mutated, ...crafted];
