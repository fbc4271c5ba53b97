// Rules for devices that have in one kernel what others have to put together.
import { imageGradientOp } from "../ops/convolution/convolution.ts";
import { lowerGeneral } from "../ops/convolution/transpose-lowering.ts";
import { logSoftmaxOp } from "../ops/softmax.ts";
import { type Attributes, apply, type Op, type Operands } from "../value.ts";
import { on, type Rewrite } from "./rewrite.ts";

/** The same operator, written in ONNX in another way. */
const loweredBy = <A extends Attributes, I extends Operands>(
  op: Op<A, I>,
  name: string,
  lower: Op<A, I>["lower"],
): Rewrite => {
  const other: Op<A, I> = { ...op, name, lower };
  return on(op, name, (v) => apply(other, v.inputs, v.attributes));
};

/**
 * cuDNN's own gradient of a convolution, in place of a convolution with a filter that is turned first, or at stride 2 of
 * four such, interleaved. ONNX Runtime leaves it on the device unless the padding is lopsided, which it never is here.
 */
export const imageGradientWhole = loweredBy(imageGradientOp, "convImageGradient as ConvTranspose", lowerGeneral);

/** One kernel for what is six nodes where there is none. */
export const logSoftmaxWhole = loweredBy(logSoftmaxOp, "logSoftmax as LogSoftmax", (onnx, [x], { attributes }) =>
  onnx.node("LogSoftmax", [x], { axis: attributes.axis }),
);
