// Networks between the initial and the trained weights of a pool's.
import { floats, mapTree, type Tensor, tensor } from "../autodiff/index.ts";
import { keyOf } from "../support/key.ts";
import { stream } from "../support/random.ts";
import { named } from "../training/stored.ts";
import type { MethodStage } from "./method.ts";
import type { KnownNetworks } from "./networks.ts";
import { initialWeights } from "./pool.ts";

/** Shares of trained weights: from 0 to 1 in every network, or for moment m of M from m / M to (m + 1) / M. */
export type Shares = "any" | "rising";

/**
 * As many networks as a pool holds, each (1 - l) initial + l trained weights of one of the pool's, l ~ U(0, 1) (NCFM, arXiv
 * 2502.20653); the last moment of each counts. With rising shares l ~ U(m / M, (m + 1) / M), so that a later moment is nearer to
 * the trained weights. Running statistics are blended likewise, which says little of those of the blend: this is meant for
 * instance norm. A trained network judges the images.
 */
export const between = async (
  stage: MethodStage,
  pool: KnownNetworks,
  shares: Shares = "any",
): Promise<KnownNetworks> => {
  const { seed } = stage.recipe;
  const { moments } = pool;
  const ends = Array.from({ length: pool.count / moments }, (_, i) => pool.at((i + 1) * moments - 1));
  const starts: ReturnType<typeof named>[] = [];
  for (const i of ends.keys()) starts.push(named(await initialWeights(stage, pool.model, i)));
  const shareOf = (index: number): number => {
    const any = stream(seed, "between", index).float();
    return shares === "any" ? any : ((index % moments) + any) / moments;
  };
  const blend = (i: number, l: number) =>
    mapTree(ends[i]!, (end: Tensor, path) => {
      const [a, b] = [floats(starts[i]![path]!), floats(end)];
      return tensor(
        b.map((value, j) => (1 - l) * a[j]! + l * value),
        end.shape,
      );
    });
  const { parameters, statistics } = ends[0]!;
  return {
    ...pool,
    key: keyOf({ between: pool.key, ...(shares !== "any" && { shares }) }),
    at: (index) => blend(Math.floor(index / moments), shareOf(index)),
    judge: { model: pool.model, weights: { parameters: parameters!, statistics: statistics! } },
  };
};
