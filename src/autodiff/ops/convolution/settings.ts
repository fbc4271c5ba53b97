// Settings of a convolution: stride, padding, dilation and groups.

/** Stride, padding, dilation and groups of a convolution, [rows, columns] each. */
export type Convolution = {
  readonly stride: readonly [number, number];
  /** Zeros before and after, alike: [rows, columns]. */
  readonly padding: readonly [number, number];
  readonly dilation: readonly [number, number];
  readonly groups: number;
};

/** As a caller writes it: one number serves both directions. */
export interface ConvolutionOptions {
  readonly stride?: number | readonly [number, number];
  readonly padding?: number | readonly [number, number];
  readonly dilation?: number | readonly [number, number];
  readonly groups?: number;
}

export const both = (n: number | readonly [number, number]): readonly [number, number] =>
  typeof n === "number" ? [n, n] : n;

export const settings = ({ stride = 1, padding = 0, dilation = 1, groups = 1 }: ConvolutionOptions): Convolution => ({
  stride: both(stride),
  padding: both(padding),
  dilation: both(dilation),
  groups,
});
