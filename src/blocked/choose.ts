// The choice of the values that are stored in blocks of channels.
import type { Graph } from "../autodiff/graph.ts";
import { channelAffineOp } from "../autodiff/ops/channel.ts";
import { conv2dOp, filterGradientOp, imageGradientOp } from "../autodiff/ops/convolution/convolution.ts";
import { padOp, sliceOp } from "../autodiff/ops/movement.ts";
import { avgPool2dOp, maxPool2dOp, upsample2dOp } from "../autodiff/ops/pooling.ts";
import { sameShape, sizeOf } from "../autodiff/types.ts";
import { isOf, type Value } from "../autodiff/value.ts";
import { filterLayout, hasBlockedImageGradient } from "./convolution.ts";
import { hasBlockedFilterGradient } from "./filter-gradient.ts";
import { fits, type Layout } from "./layout.ts";
import { stretched } from "./operands.ts";

const isElementwise = (v: Value): boolean => v.op.scalar !== undefined;

/** Chooses the values of a graph that get a blocked form, and the layout of each. */
export const layoutsOf = (
  graph: Graph,
  order: readonly Value[],
  size: number,
  states: number,
): ReadonlyMap<Value, Layout> => {
  const layouts = new Map<Value, Layout>();
  const state = new Set(graph.inputs.slice(0, states));
  for (const v of order) {
    if (!isOf(v, conv2dOp) && !isOf(v, imageGradientOp)) continue;
    const w = v.inputs[1];
    const layout = filterLayout(w.shape, v.attributes.groups, size);
    if (layout !== undefined && state.has(w)) layouts.set(w, layout);
  }
  for (const v of order) {
    const layout = layouts.has(v) ? undefined : ownLayout(v, size, layouts);
    if (layout !== undefined) layouts.set(v, layout);
  }
  // Slots of an optimiser meet a filter's gradient only in arithmetic: they take its layout.
  const adopt = (v: Value, layout: Layout): void => {
    if (layouts.has(v) || !fits(v.shape, layout, size)) return;
    if (state.has(v)) layouts.set(v, layout);
    else if (isElementwise(v) && v.inputs.every((i) => sameShape(i.shape, v.shape) || sizeOf(i.shape) === 1)) {
      layouts.set(v, layout);
      for (const i of v.inputs) if (sameShape(i.shape, v.shape)) adopt(i, layout);
    }
  };
  for (const v of order.toReversed()) {
    const layout = layouts.get(v);
    if (layout === undefined || layout === "image" || !isElementwise(v)) continue;
    for (const i of v.inputs) if (sameShape(i.shape, v.shape)) adopt(i, layout);
  }
  return layouts;
};

/** The layout that a value takes by its operator and the layouts of its inputs. */
const ownLayout = (v: Value, size: number, layouts: ReadonlyMap<Value, Layout>): Layout | undefined => {
  const image = (i: Value): boolean => layouts.get(i) === "image";
  const imageIf = (condition: boolean): Layout | undefined =>
    condition && fits(v.shape, "image", size) ? "image" : undefined;
  if (isOf(v, conv2dOp)) return imageIf(filterLayout(v.inputs[1].shape, v.attributes.groups, size) !== undefined);
  if (isOf(v, imageGradientOp)) {
    const [dy, w] = v.inputs;
    const c = v.attributes;
    const layout = filterLayout(w.shape, c.groups, size);
    const wide = layout === "filter" || (layout === "rows" && c.groups > 1);
    return imageIf(wide && hasBlockedImageGradient(v.shape, dy.shape, w.shape, c));
  }
  if (isOf(v, filterGradientOp)) {
    const [x, dy] = v.inputs;
    const c = v.attributes;
    const layout = filterLayout(v.shape, c.groups, size);
    const plain = c.dilation.every((d) => d === 1);
    if (layout === "filter") return hasBlockedFilterGradient(x.shape, c) ? layout : undefined;
    return layout === "rows" && image(dy) && (c.groups > 1 || plain) ? layout : undefined;
  }
  if (isOf(v, channelAffineOp) || isOf(v, avgPool2dOp) || isOf(v, maxPool2dOp)) return imageIf(image(v.inputs[0]));
  // Better blocked while it is small.
  if (isOf(v, upsample2dOp)) return imageIf(true);
  if (isOf(v, padOp)) {
    const { low, high } = v.attributes;
    return imageIf(image(v.inputs[0]) && low[0] === 0 && low[1] === 0 && high[0] === 0 && high[1] === 0);
  }
  if (isOf(v, sliceOp)) return imageIf(image(v.inputs[0]) && v.attributes.axis >= 2);
  return isElementwise(v) ? elementwiseLayout(v, size, layouts) : undefined;
};

const elementwiseLayout = (v: Value, size: number, layouts: ReadonlyMap<Value, Layout>): Layout | undefined => {
  const same = v.inputs.filter((i) => sameShape(i.shape, v.shape));
  const layout = same.map((i) => layouts.get(i)).find((l) => l !== undefined);
  if (layout === undefined || !fits(v.shape, layout, size)) return undefined;
  const others = v.inputs.filter((i) => !same.includes(i));
  return others.every((i) => stretched(i, v.shape, layout, size) !== undefined) ? layout : undefined;
};
