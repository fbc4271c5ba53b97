// The pass that rewrites a graph for blocked tensors.
import { checkGraph, type Graph, topologicalOrder, useCounts } from "../autodiff/graph.ts";
import { channelAffineOp, channelDotOp } from "../autodiff/ops/channel.ts";
import { conv2dOp, filterGradientOp, imageGradientOp } from "../autodiff/ops/convolution/convolution.ts";
import { addOp, mul, relu6Op, reluOp, stepOp, sub, within6Op } from "../autodiff/ops/elementwise.ts";
import { constant, input, inputOp, literalOp, splat, splatValue } from "../autodiff/ops/leaves.ts";
import { matmul, matmulOp } from "../autodiff/ops/matmul.ts";
import { pad, padOp, reshape, reshapeOp, slice, sliceOp, transpose } from "../autodiff/ops/movement.ts";
import { avgPool2dOp, maxPool2dOp, upsample2dOp } from "../autodiff/ops/pooling.ts";
import { reduceSum, reduceSumOp } from "../autodiff/ops/reduce.ts";
import { sizes } from "../autodiff/shapes.ts";
import { float32, sameShape, type Tensor, tensor } from "../autodiff/types.ts";
import { isOf, type ResultOf, Value } from "../autodiff/value.ts";
import { divideImages } from "./by-images.ts";
import { layoutsOf } from "./choose.ts";
import { blockedConvolution, blockedImageGradient, filterLayout } from "./convolution.ts";
import { blockedFilterGradient, depthwiseFilterGradient, narrowFilterGradient } from "./filter-gradient.ts";
import { blockedShape, blockTensor, hasPadding, type Layout, padded, padToBlocks, unblock } from "./layout.ts";
import { hasNarrowImageGradient, narrowImageGradient } from "./narrow-gradient.ts";
import { stretched } from "./operands.ts";
import {
  type Activation,
  block,
  blockedConv,
  blockedMean,
  blockedPool,
  blockedUpsample,
  type ConvolutionParts,
  unblockImage,
} from "./ops.ts";
import { paddingOf } from "./padding.ts";
import { winogradChoice } from "./winograd.ts";

/** A graph for blocked tensors, and how each of its state inputs (and the outputs that follow them) lies. */
export interface BlockedGraph {
  readonly graph: Graph;
  readonly layouts: readonly (Layout | undefined)[];
  /** The numbers of constants that were blocked here: nobody else has them. */
  readonly owned: ReadonlySet<Tensor["data"]>;
}

/**
 * Rewrites a finished graph (forward, backward and optimiser alike) so that tensors stay blocked between convolutions,
 * normalisations, ReLUs, residual sums and pools, and that filters, their gradients and the optimiser's slots are kept in
 * the layout in which a step uses them. The first `states` inputs and outputs belong together and stay on the device.
 *
 * Every value has at most one blocked form. Which values get one is decided first, in order; what needs another form is
 * converted where it is needed.
 */
export const blockGraph = (graph: Graph, size: number, states = 0, winograd = winogradChoice): BlockedGraph => {
  const order = topologicalOrder(graph.outputs);
  const uses = useCounts(graph);
  const layouts = layoutsOf(graph, order, size, states);
  const layoutOf = (v: Value): Layout | undefined => layouts.get(v);
  const padding = paddingOf(order, layouts, size);

  const owned = new Set<Tensor["data"]>();
  const plainForms = new Map<Value, Value>();
  const blockedForms = new Map<Value, Value>();
  const memo = (forms: Map<Value, Value>, v: Value, make: (v: Value) => Value): Value => {
    const known = forms.get(v);
    if (known !== undefined) return known;
    const made = make(v);
    forms.set(v, made);
    return made;
  };

  const plain = (v: Value): Value =>
    memo(plainForms, v, () => {
      const layout = layoutOf(v);
      if (layout === undefined) return rebuilt(v);
      return layout === "image" ? unblockImage(blocked(v), v.shape[1]!) : unblock(blocked(v), layout, v.shape);
    });

  const cleanForms = new Map<Value, Value>();
  const converted = (v: Value, layout: Layout): Value => block(plain(v), layout, size);

  /** A value in a layout, whatever its own form is, and zero in its padding. */
  const inLayout = (v: Value, layout: Layout): Value => {
    if (layoutOf(v) === layout) {
      return padding(v) === 0 ? blocked(v) : memo(cleanForms, v, () => converted(v, layout));
    }
    const uniform = splatValue(v);
    if (uniform !== undefined && (uniform === 0 || !hasPadding(v.shape, layout, size))) {
      return splat(uniform, blockedShape(v.shape, layout, size));
    }
    if (isOf(v, literalOp)) {
      const { data } = v.attributes;
      return memo(blockedForms, v, () => {
        const known = blockTensor(tensor(data, v.shape), layout, size);
        owned.add(known.data);
        return constant(known);
      });
    }
    return converted(v, layout);
  };

  /** A vector over channels, zero in the padding. */
  const channels = (v: Value): Value => padToBlocks(plain(v), 0, size);

  const blocked = (v: Value): Value => memo(blockedForms, v, makeBlocked);

  /** x scale + shift per channel, both [C], as a depthwise 1 x 1 convolution of a blocked x. */
  const affine = (x: Value, scale: Value, shift: Value, after: Pick<ConvolutionParts, "sum" | "activation">): Value => {
    const w = channels(scale);
    const bias = splatValue(shift) === 0 ? undefined : channels(shift);
    return blockedConv(x, reshape(w, [w.shape[0]! / size, 1, 1, 1, size]), { groups: w.shape[0]!, bias, ...after });
  };

  /** A convolution or affine that takes in the sum and the activation after it, where nothing else reads those. */
  const hosted = (v: Value, sum?: Value, activation: Activation = "none"): Value | undefined => {
    if (layoutOf(v) !== "image") return undefined;
    if (isOf(v, conv2dOp)) {
      const [x, w, extra] = v.inputs;
      const c = v.attributes;
      const layout = filterLayout(w.shape, c.groups, size)!;
      const narrow = layout === "rows" && c.groups === 1;
      const image = narrow ? plain(x) : inLayout(x, "image");
      return blockedConvolution(
        image,
        inLayout(w, layout),
        c,
        { bias: extra && channels(extra), sum, activation },
        winograd,
      );
    }
    if (isOf(v, channelAffineOp)) {
      const [x, scale, shift] = v.inputs;
      return affine(inLayout(x, "image"), scale, shift, { sum, activation });
    }
    if (isOf(v, imageGradientOp) && activation === "none" && v.attributes.stride.every((s) => s === 1)) {
      return imageGradient(v, sum);
    }
    if (v.op === addOp && sum === undefined && v.inputs.every((i) => sameShape(i.shape, v.shape))) {
      for (const [i, term] of v.inputs.entries()) {
        if (uses.get(term) !== 1 || term.op === addOp) continue;
        const joined = hosted(term, inLayout(v.inputs[1 - i]!, "image"), activation);
        if (joined !== undefined) return joined;
      }
    }
    return undefined;
  };

  const imageGradient = (v: ResultOf<typeof imageGradientOp>, sum?: Value): Value => {
    const [dy, w] = v.inputs;
    const c = v.attributes;
    return blockedImageGradient(
      inLayout(dy, "image"),
      inLayout(w, filterLayout(w.shape, c.groups, size)!),
      c,
      sum,
      winograd,
    );
  };

  const elementwise = (v: Value, layout: Layout): Value => {
    // Rows of a repeated operand are written out, so that they are long, and read as often as needed.
    const ups = v.inputs.length === 2 ? v.inputs.filter((i) => isOf(i, upsample2dOp)) : [];
    const up = ups.find((i) => layoutOf(i) === "image");
    if (up !== undefined && v.inputs.every((i) => sameShape(i.shape, v.shape))) {
      const small = inLayout(up.inputs[0], "image");
      const [n, cb, h, w, b] = sizes(small.shape, 5);
      const [fy, fx] = up.attributes.factor;
      const operands = v.inputs.map((i) =>
        i === up
          ? reshape(blockedUpsample(small, [1, fx]), [n * cb * h, 1, w * fx * b])
          : reshape(inLayout(i, "image"), [n * cb * h, fy, w * fx * b]),
      );
      return reshape(new Value(v.op, operands, v.attributes), blockedShape(v.shape, "image", size));
    }
    // What stands in the padding does not matter here: nothing is summed over channels.
    const operand = (i: Value): Value => (layoutOf(i) === layout ? blocked(i) : inLayout(i, layout));
    const operands = v.inputs.map((i) =>
      sameShape(i.shape, v.shape) ? operand(i) : stretched(plain(i), v.shape, layout, size)!,
    );
    return new Value(v.op, operands, v.attributes);
  };

  const makeBlocked = (v: Value): Value => {
    const layout = layoutOf(v)!;
    const shape = blockedShape(v.shape, layout, size);
    if (isOf(v, inputOp)) return input(v.attributes.name, float32(...shape));
    if (isOf(v, filterGradientOp)) {
      const x = v.inputs[0];
      const c = v.attributes;
      const [, , kh, kw] = sizes(v.shape, 4);
      const kernel: [number, number] = [kh, kw];
      const dy = inLayout(v.inputs[1], "image");
      if (c.groups > 1) return depthwiseFilterGradient(inLayout(x, "image"), dy, kernel, c);
      if (layout === "rows") return narrowFilterGradient(plain(x), dy, kernel, c);
      return blockedFilterGradient(inLayout(x, "image"), dy, kernel, c, winograd);
    }
    if (isOf(v, imageGradientOp)) return imageGradient(v);
    if ((isOf(v, reluOp) || isOf(v, relu6Op)) && layout === "image") {
      const x = v.inputs[0];
      const activation = v.op === reluOp ? "relu" : "relu6";
      const joined = uses.get(x) === 1 ? hosted(x, undefined, activation) : undefined;
      return joined ?? new Value(v.op, [inLayout(x, "image")], v.attributes);
    }
    if (isOf(v, stepOp) && isOf(v.inputs[0], reluOp) && v.inputs[0].inputs[0].op === channelAffineOp) {
      // Where a normalised z is above zero: from z, which its normalisation's gradient keeps anyway, and not from the ReLU.
      const above = hosted(v.inputs[0].inputs[0], undefined, "step");
      if (above !== undefined) return above;
    }
    if (isOf(v, within6Op)) {
      // Within 3 of 3, in two passes: of the normalised z, if there is one, as above.
      const x = v.inputs[0];
      const [image, scale, shift] =
        isOf(x, relu6Op) && isOf(x.inputs[0], channelAffineOp)
          ? x.inputs[0].inputs
          : [x, splat(1, [v.shape[1]!]), splat(0, [v.shape[1]!])];
      const distance = affine(inLayout(image, "image"), scale, sub(shift, 3), { activation: "abs" });
      return affine(distance, splat(-1, scale.shape), splat(3, scale.shape), { activation: "step" });
    }
    if (isOf(v, avgPool2dOp) || isOf(v, maxPool2dOp)) {
      const { kernel, stride, padding } = v.attributes;
      const kind = v.op === avgPool2dOp ? "AveragePool" : "MaxPool";
      return blockedPool(inLayout(v.inputs[0], "image"), { kind, kernel, stride, padding });
    }
    if (isOf(v, upsample2dOp)) {
      return blockedUpsample(inLayout(v.inputs[0], "image"), v.attributes.factor);
    }
    if (isOf(v, padOp)) {
      const { low, high } = v.attributes;
      return pad(inLayout(v.inputs[0], "image"), [...low, 0], [...high, 0]);
    }
    if (isOf(v, sliceOp)) {
      const { axis, start, end, step } = v.attributes;
      return slice(inLayout(v.inputs[0], "image"), axis, start, end, step);
    }
    return hosted(v) ?? elementwise(v, layout);
  };

  /** Sums over the places of each channel: [N, C/b, 1, 1, b]. */
  const sumOverPlaces = (x: Value): Value => mul(blockedMean(x), x.shape[2]! * x.shape[3]!);

  /** The product of an image [N, C, HW] with rows [N, J, HW], as [N, C, J], without unblocking the image. */
  const placesTimes = (v: ResultOf<typeof matmulOp>): Value | undefined => {
    const [x, rows] = v.inputs;
    const image = isOf(x, reshapeOp) ? x.inputs[0] : undefined;
    if (image === undefined || layoutOf(image) !== "image") return undefined;
    const [n, c, h, w] = sizes(image.shape, 4);
    const { transposeA, transposeB } = v.attributes;
    if (transposeA || !transposeB || !sameShape(x.shape, [n, c, h * w]) || rows.shape.length !== 3) return undefined;
    const [batch, j] = sizes(rows.shape, 3);
    const places = reshape(blocked(image), [n, padded(c, size) / size, h * w, size]);
    const product = matmul(reshape(plain(rows), [batch, 1, j, h * w]), places);
    return slice(reshape(transpose(product, [0, 1, 3, 2]), [n, padded(c, size), j]), 1, 0, c);
  };

  /** A value that has no blocked form, on the forms of its inputs that suit it. */
  const rebuilt = (v: Value): Value => {
    if (isOf(v, channelDotOp) && v.inputs.some((i) => layoutOf(i) === "image")) {
      const [x, second] = v.inputs;
      // The whole of one image of one channel is the filter of the other: one product and one sum a channel.
      const [n, cb, h, w, b] = sizes(blockedShape(x.shape, "image", size), 5);
      const products = blockedConv(
        reshape(inLayout(x, "image"), [1, n * cb, h, w, b]),
        reshape(inLayout(second, "image"), [n * cb, 1, h, w, b]),
        { groups: n * cb * b },
      );
      return slice(reduceSum(reshape(products, [n, cb * b]), [0]), 0, 0, x.shape[1]!);
    }
    if (isOf(v, imageGradientOp) && layoutOf(v.inputs[0]) === "image") {
      const [dy, w] = v.inputs;
      if (hasNarrowImageGradient(w.shape, v.attributes, size))
        return narrowImageGradient(inLayout(dy, "image"), plain(w), v.shape, v.attributes);
    }
    if (isOf(v, reduceSumOp) && layoutOf(v.inputs[0]) === "image") {
      const { axes } = v.attributes;
      const x = v.inputs[0];
      const [n, c] = sizes(x.shape, 4);
      const sums = (): Value => reshape(sumOverPlaces(blocked(x)), [n, padded(c, size)]);
      if (String(axes) === "0,2,3") return reshape(slice(reduceSum(sums(), [0]), 0, 0, c), v.shape);
      if (String(axes) === "2,3") return reshape(slice(sums(), 1, 0, c), v.shape);
      if (String(axes) === "0") return reshape(unblockImage(reduceSum(blocked(x), [0], true), c), v.shape);
    }
    const product = isOf(v, matmulOp) ? placesTimes(v) : undefined;
    if (product !== undefined) return product;
    const inputs = v.inputs.map(plain);
    return inputs.every((i, at) => i === v.inputs[at]) ? v : new Value(v.op, inputs, v.attributes);
  };

  // In order, so that no recursion goes deep.
  for (const v of order)
    if (layoutOf(v) === undefined) plain(v);
    else blocked(v);
  const stateLayouts = graph.inputs.slice(0, states).map(layoutOf);
  const result: Graph = {
    inputs: graph.inputs.map((v) => (layoutOf(v) === undefined ? v : blocked(v))),
    outputs: graph.outputs.map((v, i) => {
      const layout = stateLayouts[i];
      return layout === undefined ? plain(v) : inLayout(v, layout);
    }),
  };
  // Tiles and what is made of them share the cache; here a part is overwritten or read once.
  const divided = divideImages(result, 2 * winograd.cache);
  return { graph: checkGraph(divided, "blocking"), layouts: stateLayouts, owned };
};
