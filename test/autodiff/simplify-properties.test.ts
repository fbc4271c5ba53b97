import fc from "fast-check";
import { expect, test } from "vitest";
import * as ad from "../../src/autodiff/index.ts";
import { stream } from "../../src/support/random.ts";
import { floats, largest, uniform } from "./draw.ts";
import { execute, kinkedProgram, type Step, smoothProgram, specs } from "./random-graph.ts";
import { runGraph } from "./run-graph.ts";

/** Relative to the largest value of an output, or to 1: sums of cancelling terms are as exact as their terms. */
const tolerance = 2e-4;

const feeds = Object.values(specs).map(({ shape }, i) => uniform(stream(3, "simplify", i), shape, -0.75, 0.75));

const settings = { numRuns: Number(process.env.FC_RUNS ?? 100), seed: Number(process.env.FC_SEED ?? 1) };

const expectSameNumbers = async (graph: ad.Graph): Promise<void> => {
  const simple = ad.simplify(graph);
  expect(simple.outputs.map(ad.formatType)).toEqual(graph.outputs.map(ad.formatType));
  expect(ad.topologicalOrder(simple.outputs).length).toBeLessThanOrEqual(ad.topologicalOrder(graph.outputs).length * 2);
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
    fc.asyncProperty(smoothProgram, async (steps: readonly Step[]) => {
      const { graph } = ad.trace(specs, (inputs) => {
        const [a, b] = execute(steps, Object.values(inputs)).slice(-2) as [ad.Value, ad.Value];
        const loss = ad.add(ad.mean(ad.tanh(a)), ad.mean(ad.mul(b, b)));
        return [loss, ...Object.values(ad.gradients(loss, inputs))];
      });
      await expectSameNumbers(graph);
    }),
    settings,
  );
});
