import type { Teacher } from "./teacher.ts";
import type { Work } from "./work.ts";

/** Work that has teachers, in the recipe's order. */
export interface Stage extends Work {
  readonly teachers: readonly Teacher[];
}
