// Networks between the initial and the trained weights of a pool's.
import { floats, mapTree, type Tensor, tensor } from "../autodiff/index.ts";
import { keyOf } from "../support/key.ts";
import { stream } from "../support/random.ts";
import { named } from "../training/stored.ts";
import type { MethodStage } from "./method.ts";
import type { KnownNetworks } from "./networks.ts";
import { initialWeights } from "./pool.ts";

/**
 * As many networks as a pool holds, each (1 - l) initial + l trained weights of one of the pool's, l ~ U(0, 1) (NCFM, arXiv
 * 2502.20653); the last moment of each counts. Running statistics are blended likewise, which says little of those of the
 * blend: this is meant for instance norm. A trained network judges the images.
 */
export const between = async (stage: MethodStage, pool: KnownNetworks): Promise<KnownNetworks> => {
  const { seed } = stage.recipe;
  const { moments } = pool;
  const ends = Array.from({ length: pool.count / moments }, (_, i) => pool.at((i + 1) * moments - 1));
  const starts: ReturnType<typeof named>[] = [];
  for (const i of ends.keys()) starts.push(named(await initialWeights(stage, pool.model, i)));
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
    key: keyOf({ between: pool.key }),
    at: (index) => blend(Math.floor(index / moments), stream(seed, "between", index).float()),
    draw: async (step) => {
      const random = stream(seed, "between", "step", step);
      return blend(random.int(ends.length), random.float());
    },
    judge: { model: pool.model, weights: { parameters: parameters!, statistics: statistics! } },
  };
};
