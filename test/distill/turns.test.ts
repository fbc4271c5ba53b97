import { expect, test } from "vitest";
import { tensor } from "../../src/autodiff/index.ts";
import { takingTurns } from "../../src/distill/turns.ts";

test("steppers that take turns hand the state on", async () => {
  const log: string[] = [];
  const stepperOf = (name: string) => {
    let x = "";
    return {
      write: async (state: { x: string }) => {
        x = state.x;
      },
      read: async () => ({ x }),
      run: async (feeds: object) => {
        x += name;
        log.push(...Object.keys(feeds));
        return {};
      },
      release: async () => void log.push(`released ${name}`),
    };
  };
  const turns = takingTurns([stepperOf("a"), stepperOf("b")] as never[]) as unknown as ReturnType<typeof stepperOf>;
  await turns.write({ x: ">" });
  for (const turn of [1, 1, 0, 1]) {
    await turns.run({ turn: tensor(BigInt64Array.of(BigInt(turn)), []), hyper: {} });
  }
  expect(await turns.read()).toEqual({ x: ">bbab" });
  await turns.release();
  expect(log).toEqual(["hyper", "hyper", "hyper", "hyper", "released a", "released b"]);
});
