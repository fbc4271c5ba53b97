// NCFM, matching of characteristic functions.
import { adamw } from "../../nn/optimisers.ts";
import { matchingPairs, matchOptions } from "../matched-networks.ts";
import { defineMethod } from "../method.ts";

const { learningRate, crossEntropy, architecture, distance, weights } = matchOptions;

/** Those of `match`, with the paper's defaults. */
const options = {
  ...matchOptions,
  learningRate: learningRate.removeDefault().default(0.01),
  crossEntropy: crossEntropy.removeDefault().default(1),
  architecture: architecture.removeDefault().default("convnetin"),
  distance: distance.removeDefault().default("characteristic"),
  weights: weights.removeDefault().default("between"),
};

/**
 * NCFM (Wang et al., CVPR 2025) without learned frequencies: images go down the distance of characteristic functions in
 * networks between their initial and their trained weights, and the cross-entropy of a trained one, by AdamW.
 *
 * It departs from the paper in its steps (20,000 there), in its networks (20 of 60 epochs, weights drawn anew at every step),
 * in its frequencies (4,096), in its real images (1,024 of a class at every step; here means of fewer, computed once for each
 * pair of a network and a view), in a learning rate that falls along a cosine, and in one step for both terms.
 */
export const ncfm = defineMethod(options, {
  name: "ncfm",
  title: "NCFM",
  paper: "2502.20653",
  about:
    "real images moved until networks between untrained and trained give them their class's characteristic function",
  family: "features",
  mark: "triangle",
  ...matchingPairs("ncfm", { optimiser: adamw() }),
});
