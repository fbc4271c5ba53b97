import { availableParallelism } from "node:os";
import type { Ground } from "./ground.ts";
import { type Ended, type Ending, endings, isFault, type Part } from "./part.ts";

/** Attempts of a part and how they ended. */
export interface Tried {
  readonly part: Part;
  readonly attempts: readonly (Ended & { readonly id: string })[];
  readonly seconds: number;
}

/** How many attempts go side by side. */
const together = Math.min(2, availableParallelism());

/** Makes all attempts of a part; `say` hears of every fault at once. */
export const tryPart = async (
  part: Part,
  scale: number,
  ground: Ground,
  say: (line: string) => void = () => undefined,
): Promise<Tried> => {
  const started = performance.now();
  const ids = await part.ids(scale, ground);
  const attempts: (Ended & { id: string })[] = [];
  let next = 0;
  const work = async (): Promise<void> => {
    const lane = await part.open(ground);
    try {
      while (next < ids.length) {
        const id = ids[next++]!;
        const ended = await lane.attempt(id);
        attempts.push({ ...ended, id });
        if (isFault(ended.ending)) say(`${ended.ending.toUpperCase()} ${part.name}:${id} ${ended.what}`);
      }
    } finally {
      await lane.close();
    }
  };
  await Promise.all(Array.from({ length: together }, work));
  return { part, attempts, seconds: (performance.now() - started) / 1000 };
};

export const faultsOf = ({ part, attempts }: Tried): string[] =>
  attempts
    .filter(({ ending }) => isFault(ending))
    .map(({ id, ending, what }) => `${ending} ${part.name}:${id} ${what}`);

/** Attempts by how they ended, in the order of `endings`, without zeros. */
export const countsOf = (attempts: readonly Ended[]): ReadonlyMap<Ending, number> =>
  new Map(
    (Object.keys(endings) as Ending[])
      .map((ending) => [ending, attempts.filter((attempt) => attempt.ending === ending).length] as const)
      .filter(([, count]) => count > 0),
  );
