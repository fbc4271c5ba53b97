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
  return {
    write: (state) => at.write(state),
    read: () => at.read(),
    run: async (given) => {
      const { turn, ...feeds } = given as unknown as Tensors<Turn> & Tensors<Feeds>;
      const next = steppers[Number(turn.data[0])]!;
      if (next !== at) {
        await next.write(await at.read());
        at = next;
      }
      return at.run(feeds as unknown as Tensors<Feeds>);
    },
    release: async () => {
      for (const stepper of steppers) await stepper.release();
    },
  };
};
