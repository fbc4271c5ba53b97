// Several steppers that share one state and take turns.
import type { TensorType } from "../autodiff/index.ts";
import type { Stepper, Tensors } from "../runtime/index.ts";

/** Whose turn it is: the number of a step's stepper. */
export type Turn = { readonly turn: TensorType };

/**
 * Several steppers of one state as one: every step is run by the one that `turn` names, and the state goes to it from the one
 * before. Reading and writing changes no bit of it.
 */
export const takingTurns = <State, Feeds, Fetches>(
  steppers: readonly Stepper<State, Feeds, Fetches>[],
): Stepper<State, Feeds & Turn, Fetches> => {
  let at = steppers[0]!;
  const take = (given: Tensors<Feeds & Turn>) => {
    const { turn, ...feeds } = given as unknown as Tensors<Turn> & Tensors<Feeds>;
    return { next: steppers[Number(turn.data[0])]!, feeds: feeds as unknown as Tensors<Feeds> };
  };
  const turnTo = async (next: typeof at): Promise<typeof at> => {
    if (next !== at) {
      await next.write(await at.read());
      at = next;
    }
    return at;
  };
  const stride = Math.min(...steppers.map(({ several }) => several?.stride ?? 1));
  const several: Stepper<State, Feeds & Turn, Fetches>["several"] = {
    stride,
    prepare: (given) => {
      const turns: { readonly next: typeof at; readonly feeds: Tensors<Feeds>[] }[] = [];
      for (const { next, feeds } of given.map(take)) {
        if (turns.at(-1)?.next === next) turns.at(-1)!.feeds.push(feeds);
        else turns.push({ next, feeds: [feeds] });
      }
      const runs = turns.map(({ next, feeds }) => ({ next, run: next.several!.prepare(feeds) }));
      return async () => {
        const fetched: Tensors<Fetches>[] = [];
        for (const { next, run } of runs) {
          await turnTo(next);
          fetched.push(...(await run()));
        }
        return fetched;
      };
    },
  };
  return {
    write: (state) => at.write(state),
    read: () => at.read(),
    run: async (given) => {
      const { next, feeds } = take(given);
      return (await turnTo(next)).run(feeds);
    },
    ...(stride > 1 && { several }),
    release: async () => {
      for (const stepper of steppers) await stepper.release();
    },
  };
};
