// Convolutions and their transposes.
import { add, conv2d, convTranspose2d, reshape, sizeOf, type Value } from "../../autodiff/index.ts";
import { type Call, ints, lacking, type Operator, scalar, valueAt, type Weighed } from "../operator.ts";
import { evenPadding, padded, windowsOf } from "../windows.ts";

/** Filter and bias as PyTorch starts them: by the inputs of one result, which is all but the filter's first axis. */
const learns = ({ shape }: Weighed): ReturnType<NonNullable<Operator["learns"]>> => {
  const filter = shape(1);
  if (filter === undefined) return {};
  const start = { kind: "uniform", fanIn: sizeOf(filter.slice(1)) } as const;
  return { 1: start, ...(shape(2) && { 2: start }) };
};

const biasOf = (call: Call): Value | undefined => (call.inputs[2] === undefined ? undefined : valueAt(call, 2));

export const convolution: readonly Operator[] = [
  {
    name: "Conv",
    learns,
    read: (call) => {
      const [x, w] = [valueAt(call, 0), valueAt(call, 1)];
      const windows = windowsOf(call, x, w.shape.slice(2));
      const padding = evenPadding(windows);
      const { stride, dilation } = windows;
      const options = { stride, dilation, groups: scalar(call, "group", 1) };
      return padding
        ? conv2d(x, w, biasOf(call), { ...options, padding })
        : conv2d(padded(x, windows), w, biasOf(call), options);
    },
  },
  {
    name: "ConvTranspose",
    learns,
    read: (call) => {
      const [x, w] = [valueAt(call, 0), valueAt(call, 1)];
      const windows = windowsOf(call, x, w.shape.slice(2));
      const padding = evenPadding(windows);
      if (padding === undefined || ints(call, "output_shape") !== undefined)
        return lacking(call, "with padding that differs from side to side");
      const [rows = 0, columns = 0] = ints(call, "output_padding") ?? [];
      const { stride, dilation } = windows;
      const groups = scalar(call, "group", 1);
      const y = convTranspose2d(x, w, { stride, dilation, padding, groups, outputPadding: [rows, columns] });
      const bias = biasOf(call);
      return bias ? add(y, reshape(bias, [1, bias.shape[0]!, 1, 1])) : y;
    },
  },
];
