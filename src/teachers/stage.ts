// Work that has teachers.
import type { Work } from "../recipe/work.ts";
import type { Teacher } from "./teacher.ts";

/** Work that has teachers, in the recipe's order. */
export interface Stage extends Work {
  readonly teachers: readonly Teacher[];
}
