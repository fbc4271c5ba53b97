import fc from "fast-check";
import { describe, expect, test } from "vitest";
import * as ad from "../../src/autodiff/index.ts";
import type { DeviceRules } from "../../src/autodiff/simplify.ts";
import { kinds } from "../../src/runtime/kinds.ts";
import { stream } from "../../src/support/random.ts";
import { floats, largest, uniform } from "./draw.ts";
import { execute, kinkedProgram, type Step, smoothProgram, specs } from "./random-graph.ts";
import { runGraph } from "./run-graph.ts";

/** Relative to the largest value of an output, or to 1: sums of cancelling terms are as exact as their terms. */
const tolerance = 2e-4;

const feeds = Object.values(specs).map(({ shape }, i) => uniform(stream(3, "simplify", i), shape, -0.75, 0.75));

const settings = { numRuns: Number(process.env.FC_RUNS ?? 100), seed: Number(process.env.FC_SEED ?? 1) };

/** A device's rules may take more values for fewer kernels. */
const expectSameNumbers = async (graph: ad.Graph, rules?: DeviceRules): Promise<void> => {
  const simple = ad.simplify(graph, rules);
  expect(simple.outputs.map(ad.formatType)).toEqual(graph.outputs.map(ad.formatType));
  const [most, now] = [graph, simple].map(({ outputs }) => ad.topologicalOrder(outputs).length) as [number, number];
  if (rules === undefined) expect(now).toBeLessThanOrEqual(2 * most);
  const [before, after] = [await runGraph(graph, feeds), await runGraph(simple, feeds)];
  for (const [i, expected] of before.entries()) {
    const scale = Math.max(1, largest(floats(expected)));
    if (!Number.isFinite(scale)) continue;
    const actual = floats(after[i]!);
    expect(after[i]!.shape).toEqual(expected.shape);
    floats(expected).forEach((a, k) => {
      if (!(Math.abs(a - actual[k]!) <= tolerance * scale)) {
        throw new Error(
          `output ${i}[${k}]: ${a} became ${actual[k]}\n${ad.printGraph(graph)}\n${ad.printGraph(simple)}`,
        );
      }
    });
  }
};

const gradientsOf = (steps: readonly Step[]): ad.Graph =>
  ad.trace(specs, (inputs) => {
    const [a, b] = execute(steps, Object.values(inputs)).slice(-2) as [ad.Value, ad.Value];
    const loss = ad.add(ad.mean(ad.tanh(a)), ad.mean(ad.mul(b, b)));
    return [loss, ...Object.values(ad.gradients(loss, inputs))];
  }).graph;

test("simplification changes no value of a random expression", async () => {
  await fc.assert(
    fc.asyncProperty(kinkedProgram, async (steps: readonly Step[]) => {
      const { graph } = ad.trace(specs, (inputs) => execute(steps, Object.values(inputs)).slice(-3));
      await expectSameNumbers(graph);
    }),
    settings,
  );
});

test("simplification changes no gradient of a random expression", async () => {
  await fc.assert(
    fc.asyncProperty(smoothProgram, (steps: readonly Step[]) => expectSameNumbers(gradientsOf(steps))),
    settings,
  );
});

describe.each(["cuda", "webgpu"] as const)("the rules of %s", (kind) => {
  test("change no gradient of a random expression", async () => {
    await fc.assert(
      fc.asyncProperty(smoothProgram, (steps: readonly Step[]) =>
        expectSameNumbers(gradientsOf(steps), kinds[kind].rules),
      ),
      settings,
    );
  });
});
