// Names of a set's tensors on disk, which say in what order their first axes run.
import { sizeOf } from "../autodiff/index.ts";
import type { Layout } from "./layout.ts";

/** The axes that a file has in place of a tensor's first one, and the letters behind its name that name them. */
export interface Axes {
  readonly letters: string;
  readonly sizes: readonly number[];
}

/** Items along all axes. */
export const rowsOf = ({ sizes }: Axes): number => sizeOf(sizes);

/**
 * Labels of rows: `logits_vkc` [1 + V + U, K, C, ...]. Whoever takes the rows for (k, v, c) meets a name and a shape that say
 * otherwise. Sets of versions 1 to 5 have rows alone.
 */
export const labelAxes = (
  { bases: K, perBase: V, perClass: U, classes: C, labelled }: Layout,
  unnamed = false,
): Axes => (unnamed ? { letters: "", sizes: [labelled] } : { letters: "_vkc", sizes: [1 + V + U, K, C] });

/**
 * Compensators: `_kv` [K, V, ...] where all classes share them, `_uc` [U, C, ...] where all bases of a class do, and
 * `_kv_uc` [K V + U C, ...] where there are both, in this order.
 */
export const compensatorAxes = (
  { bases: K, perBase: V, perClass: U, classes: C, compensators }: Layout,
  unnamed = false,
): Axes => {
  if (unnamed) return { letters: "", sizes: U === 0 ? [K, V] : [compensators] };
  if (U === 0) return { letters: "_kv", sizes: [K, V] };
  return V === 0 ? { letters: "_uc", sizes: [U, C] } : { letters: "_kv_uc", sizes: [compensators] };
};

type Shaped = { readonly shape: readonly number[] };

/** Tensors [n, ...], or their types, under the names and shapes that a file gives them. */
export const withAxes = <T extends Shaped>(tensors: Readonly<Record<string, T>>, { letters, sizes }: Axes) =>
  Object.fromEntries(
    Object.entries(tensors).map(([name, tensor]) => [
      name + letters,
      { ...tensor, shape: [...sizes, ...tensor.shape.slice(1)] },
    ]),
  );

/** The inverse, for tensors that have these axes. */
export const withoutAxes = <T extends Shaped>(tensors: Readonly<Record<string, T>>, { letters, sizes }: Axes) => {
  const n = rowsOf({ letters, sizes });
  return Object.fromEntries(
    Object.entries(tensors).map(([name, tensor]) => [
      name.slice(0, name.length - letters.length),
      { ...tensor, shape: [n, ...tensor.shape.slice(sizes.length)] },
    ]),
  );
};
