// The list of all operators.
import type { Op } from "../value.ts";
import { channelOps } from "./channel.ts";
import { convolutionOps } from "./convolution/convolution.ts";
import { elementwiseOps } from "./elementwise.ts";
import { gatherOps } from "./gather.ts";
import { indexOps } from "./indices.ts";
import { inputOp, literalOp, splatOp } from "./leaves.ts";
import { matmulOp } from "./matmul.ts";
import { movementOps } from "./movement.ts";
import { poolingOps } from "./pooling.ts";
import { reduceOps } from "./reduce.ts";
import { softmaxOps } from "./softmax.ts";

/** Every operator there is. */
export const allOps: readonly Op[] = [
  inputOp,
  literalOp,
  splatOp,
  ...elementwiseOps,
  ...movementOps,
  ...reduceOps,
  ...gatherOps,
  ...indexOps,
  matmulOp,
  ...softmaxOps,
  ...channelOps,
  ...convolutionOps,
  ...poolingOps,
];
