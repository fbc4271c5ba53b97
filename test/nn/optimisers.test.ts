import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { trace } from "../../src/autodiff/trace.ts";
import { float32, tensor } from "../../src/autodiff/types.ts";
import { slowHyper } from "../../src/nn/lookahead.ts";
import {
  type AdamOptions,
  adam,
  adamw,
  hyperTensors,
  hyperTypes,
  type Optimiser,
  sgd,
  slotTypes,
  updateAll,
  zerosLike,
} from "../../src/nn/optimisers.ts";
import { cosine, oneCycle, triangle } from "../../src/nn/schedules.ts";
import { type Device, openDevice } from "../../src/runtime/device.ts";
import { floats } from "../autodiff/draw.ts";

let device: Device;
beforeAll(async () => {
  device = await openDevice("cpu", { threads: 1 });
});
afterAll(() => device.close());

/** A parameter vector after steps with the given gradients and rates. */
const descend = async (
  optimiser: Optimiser,
  start: readonly number[],
  gradients: readonly (readonly number[])[],
  rates: readonly number[],
): Promise<number[]> => {
  const type = float32(start.length);
  const slots = Object.fromEntries(optimiser.slots.map((slot) => [slot, type]));
  const stepper = await device.compileStep(
    trace({ state: { p: type, slots }, feeds: { g: type, hyper: hyperTypes(optimiser) } }, ({ state, feeds }) => {
      const { parameter, slots: next } = optimiser.update(state.p, feeds.g, state.slots, feeds.hyper);
      return { state: { p: parameter, slots: next as typeof state.slots }, fetches: {} };
    }),
  );
  const zeros = Object.fromEntries(
    optimiser.slots.map((slot) => [slot, tensor(new Float32Array(start.length), [start.length])]),
  );
  await stepper.write({ p: tensor(Float32Array.from(start), [start.length]), slots: zeros });
  for (const [step, g] of gradients.entries()) {
    await stepper.run({
      g: tensor(Float32Array.from(g), [g.length]),
      hyper: hyperTensors(optimiser.hyper(step, rates[step]!)),
    });
  }
  const { p } = await stepper.read();
  await stepper.release();
  return [...floats(p)];
};

/** Adam as in the paper (Kingma & Ba 2015, algorithm 1), with decoupled decay (Loshchilov & Hutter 2019), one number. */
const paperAdam = (
  start: number,
  gradients: readonly number[],
  rates: readonly number[],
  { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weightDecay = 0 }: AdamOptions,
): number => {
  let [p, m, v] = [start, 0, 0];
  for (const [i, g] of gradients.entries()) {
    p -= rates[i]! * weightDecay * p;
    m = beta1 * m + (1 - beta1) * g;
    v = beta2 * v + (1 - beta2) * g * g;
    p -= (rates[i]! * (m / (1 - beta1 ** (i + 1)))) / (Math.sqrt(v / (1 - beta2 ** (i + 1))) + epsilon);
  }
  return p;
};

const rates = [0.1, 0.2, 0.05];

describe("adam", () => {
  test.each([
    { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0 },
    { beta1: 0.5, beta2: 0.9, epsilon: 1e-8, weightDecay: 0 },
    { beta1: 0.9, beta2: 0.99, epsilon: 0.1, weightDecay: 0.3 },
  ])("follows the paper: %o", async (options) => {
    const start = [1, -2, 0, 3];
    const gradients = [
      [1, 0.5, 1e-3, 0],
      [-2, 0.25, 2e-3, 0],
      [3, -1, 1e-3, 1],
    ];
    const p = await descend(adam(options), start, gradients, rates);
    p.forEach((actual, i) => {
      const column = gradients.map((g) => g[i]!);
      expect(actual).toBeCloseTo(paperAdam(start[i]!, column, rates, options), 5);
    });
  });

  test("adamw decays by 0.01 unless told otherwise", async () => {
    const [p] = await descend(adamw(), [100], [[0]], [0.1]);
    expect(p).toBeCloseTo(100 * (1 - 0.1 * 0.01), 4);
  });

  test.each([
    ["adam", adam()],
    ["adamw", adamw({ weightDecay: 0.5 })],
  ] as const)(
    "%s at learning rate 0 leaves parameters as they are, whatever the gradients",
    async (_name, optimiser) => {
      const start = [1, -3.7, 1e-6, 1e6, 0];
      const p = await descend(
        optimiser,
        start,
        [
          [1, 1e6, 1e-9, 0, 1],
          [-1, 1e6, 0, 1e-20, 1],
        ],
        [0, 0],
      );
      expect(p.slice(0, 4)).toEqual([...Float32Array.from(start)].slice(0, 4));
      // A zero moves by what lies beyond float32's reach for every other number.
      expect(Math.abs(p[4]!)).toBeLessThan(1e-25);
    },
  );

  test("goes on from learning rate 0", async () => {
    const [p] = await descend(adam(), [1], [[1], [1]], [0, 0.1]);
    expect(p).toBeCloseTo(0.9, 6);
  });

  test("without a gradient ever, nothing moves and nothing is NaN", async () => {
    expect(
      await descend(
        adam(),
        [1, 0],
        [
          [0, 0],
          [0, 0],
        ],
        [0.1, 0.1],
      ),
    ).toEqual([1, 0]);
  });
});

describe("sgd", () => {
  test("is plain descent without momentum", async () => {
    const [p] = await descend(sgd({ momentum: 0 }), [1], [[2], [4]], [0.1, 0.01]);
    expect(p).toBeCloseTo(1 - 0.2 - 0.04, 6);
  });

  test("momentum: v = mu v + g, p -= lr v", async () => {
    const [p] = await descend(sgd({ momentum: 0.5 }), [1], [[2], [4]], [0.1, 0.01]);
    expect(p).toBeCloseTo(1 - 0.1 * 2 - 0.01 * (0.5 * 2 + 4), 6);
  });

  test("nesterov: p -= lr (g + mu v)", async () => {
    const [p] = await descend(sgd({ momentum: 0.5, nesterov: true }), [1], [[2], [4]], [0.1, 0.01]);
    expect(p).toBeCloseTo(1 - 0.1 * (2 + 0.5 * 2) - 0.01 * (4 + 0.5 * (0.5 * 2 + 4)), 6);
  });

  test("weight decay is part of the gradient and of the momentum", async () => {
    const [p] = await descend(sgd({ momentum: 0.5, weightDecay: 0.1 }), [1], [[0], [0]], [1, 1]);
    const first = 1 - 0.1;
    expect(p).toBeCloseTo(first - (0.5 * 0.1 + 0.1 * first), 6);
  });

  test("at learning rate 0 leaves parameters as they are", async () => {
    expect(await descend(sgd({ weightDecay: 1 }), [1.5, 0], [[1e6, 1]], [0])).toEqual([1.5, 0]);
  });
});

describe("rates", () => {
  /** Two parameters over three steps, `b` at eight times the learning rate. */
  const descendBoth = async (optimiser: Optimiser, gradients: readonly (readonly [number, number])[]) => {
    const types = { a: float32(1), b: float32(1) };
    const slots = slotTypes(optimiser, types);
    const stepper = await device.compileStep(
      trace({ state: { p: types, slots }, feeds: { g: types, hyper: hyperTypes(optimiser) } }, ({ state, feeds }) => {
        const rateOf = (name: string): number => (name === "b" ? 8 : 1);
        const next = updateAll(optimiser, state.p, feeds.g, state.slots, feeds.hyper, rateOf);
        return {
          state: { p: next.parameters as typeof state.p, slots: next.slots as typeof state.slots },
          fetches: {},
        };
      }),
    );
    const one = (value: number) => tensor(Float32Array.of(value), [1]);
    await stepper.write({ p: { a: one(1), b: one(-2) }, slots: zerosLike(slots) });
    for (const [step, [a, b]] of gradients.entries()) {
      await stepper.run({ g: { a: one(a), b: one(b) }, hyper: hyperTensors(optimiser.hyper(step, rates[step]!)) });
    }
    const { p } = await stepper.read();
    await stepper.release();
    return [floats(p.a!)[0]!, floats(p.b!)[0]!];
  };

  const gradients = [
    [0.5, 0.1],
    [-1, 0.2],
    [0.25, -0.05],
  ] as const;

  test("sgd: torch's parameter groups of lr and lr x 8, weight decay and weight decay / 8, nesterov", async () => {
    const torch = (start: number, column: readonly number[], rate: number): number => {
      let [p, v] = [start, 0];
      for (const [i, gradient] of column.entries()) {
        const g = gradient + (0.01 / rate) * p;
        v = i === 0 ? g : 0.85 * v + g;
        p -= rates[i]! * rate * (g + 0.85 * v);
      }
      return p;
    };
    const actual = await descendBoth(sgd({ momentum: 0.85, weightDecay: 0.01, nesterov: true }), gradients);
    [1, -2].forEach((start, i) => {
      const column = gradients.map((g) => g[i]!);
      expect(actual[i]).toBeCloseTo(torch(start, column, i === 0 ? 1 : 8), 5);
    });
  });

  test("adamw: the learning rate is multiplied, the decay of a step is not", async () => {
    const actual = await descendBoth(adamw({ weightDecay: 0.3 }), gradients);
    [1, -2].forEach((start, i) => {
      const column = gradients.map((g) => g[i]!);
      const rate = i === 0 ? 1 : 8;
      const scaled = rates.map((r) => r * rate);
      const expected = paperAdam(start, column, scaled, { weightDecay: 0.3 / rate });
      expect(actual[i]).toBeCloseTo(expected, 5);
    });
  });
});

describe("slowHyper", () => {
  test("moves every fifth step, less and less, and the last step ends on the slow weights", () => {
    for (let step = 0; step < 98; step++) {
      const { slowRate, fastRate } = slowHyper(step, 98) as { slowRate: number; fastRate: number };
      const done = step + 1;
      if (done % 5 === 0) {
        expect(slowRate).toBeCloseTo(1 - 0.95 ** 5 * (done / 98) ** 3, 12);
        expect(fastRate).toBe(1);
      } else expect([slowRate, fastRate]).toEqual([0, done === 98 ? 1 : 0]);
    }
  });
});

describe("schedules", () => {
  test("cosine: peak at the start, half at half, 0 at the end, falling", () => {
    const rate = cosine(0.25, 1000);
    expect(rate(0)).toBe(0.25);
    expect(rate(500)).toBeCloseTo(0.125, 12);
    expect(rate(250)).toBeCloseTo(0.125 * (1 + Math.SQRT1_2), 12);
    expect(rate(1000)).toBe(0);
    for (let step = 1; step <= 1000; step++) expect(rate(step)).toBeLessThan(rate(step - 1));
  });

  test("one-cycle: peak / 25 at the start, the peak after the warm-up, 0 at the end", () => {
    const rate = oneCycle(0.1, 1000);
    expect(rate(0)).toBeCloseTo(0.004, 12);
    expect(rate(100)).toBeCloseTo((0.004 + 0.1) / 2, 12);
    expect(rate(200)).toBeCloseTo(0.1, 12);
    expect(rate(600)).toBeCloseTo(0.05, 12);
    expect(rate(1000)).toBe(0);
    for (let step = 1; step <= 1000; step++) {
      if (step <= 200) expect(rate(step)).toBeGreaterThan(rate(step - 1));
      else expect(rate(step)).toBeLessThan(rate(step - 1));
    }
  });

  test("triangle: 0.2 of the peak at the start, the peak after 23 %, 0.07 of it at the end", () => {
    const rate = triangle(2, 1000);
    expect(rate(0)).toBeCloseTo(0.4, 12);
    expect(rate(115)).toBeCloseTo(1.2, 12);
    expect(rate(230)).toBe(2);
    expect(rate(615)).toBeCloseTo(2 * (1 - 0.93 / 2), 12);
    expect(rate(1000)).toBeCloseTo(0.14, 12);
    for (let step = 1; step <= 1000; step++) {
      if (step <= 230) expect(rate(step)).toBeGreaterThan(rate(step - 1));
      else expect(rate(step)).toBeLessThan(rate(step - 1));
    }
  });

  test.each([1, 2, 3])("all are positive and finite at each of %i steps", (steps) => {
    for (const rate of [cosine(1, steps), oneCycle(1, steps), triangle(1, steps)]) {
      for (let step = 0; step < steps; step++) {
        expect(rate(step)).toBeGreaterThan(0);
        expect(rate(step)).toBeLessThanOrEqual(1);
      }
    }
  });
});
