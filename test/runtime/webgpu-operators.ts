import { trace } from "../../src/autodiff/index.ts";
import { tensorsOf } from "../../src/autodiff/tree.ts";
import type { Attributes, Op, Sample, Value } from "../../src/autodiff/value.ts";
import { type Device, openDevice } from "../../src/runtime/index.ts";
import { stream } from "../../src/support/random.ts";
import { relativeError, uniform } from "../autodiff/draw.ts";
import { derivatives, draw, operators } from "../autodiff/operator-cases.ts";

/**
 * Runs every sample of every operator with its first derivatives, and where asked its second ones, on WebGPU and on the
 * CPU's standard operators and prints one line of JSON. A process of its own, which a driver may crash:
 *
 *   node --import tsx test/runtime/webgpu-operators.ts [second]
 */
export interface Difference {
  readonly operator: string;
  readonly sample: number;
  /** Largest difference of a result, relative to its largest element; null where a result is no number. */
  readonly worst: number | null;
}

const numbers = (tree: unknown): ArrayLike<number>[] =>
  tensorsOf(tree).map(({ leaf: { data } }) => (data instanceof Float32Array ? data : Array.from(data, Number)));

const differences = async (op: Op, webgpu: Device, cpu: Device): Promise<Difference[]> => {
  const random = stream(11, "ops", op.name);
  const cases = op.samples.map((sample) => draw(op, sample as Sample<Attributes>, random));
  const plans = cases.map(derivatives);
  const traced = trace(
    plans.map(({ specs }) => specs),
    (all) =>
      all.map((one, i) => {
        const { y, g, second } = plans[i]!.fn(one as unknown as { x: Value[]; c: Value; d: Value[] });
        return { y, g, second: process.argv[2] === "second" ? second : [] };
      }),
  );
  const given = cases.map(({ inputs }, i) => ({
    x: [...inputs],
    c: uniform(random, plans[i]!.y.shape),
    d: plans[i]!.specs.d.map(({ shape }) => uniform(random, shape)),
  }));
  const on = async (device: Device): Promise<readonly unknown[]> => {
    const compiled = await device.compile(traced);
    const results = await compiled.run(given);
    await compiled.release();
    return results;
  };
  const [actual, expected] = [await on(webgpu), await on(cpu)];
  return cases.map((_, sample) => {
    const right = numbers(expected[sample]);
    const errors = numbers(actual[sample]).map((values, i) => relativeError(values, right[i]!));
    const worst = Math.max(...errors);
    return { operator: op.name, sample, worst: Number.isFinite(worst) ? worst : null };
  });
};

const webgpu = await openDevice("webgpu");
const cpu = await openDevice("cpu", { lowering: "standard" });
const all: Difference[] = [];
for (const op of operators) all.push(...(await differences(op, webgpu, cpu)));
console.log(JSON.stringify(all));
await Promise.all([webgpu.close(), cpu.close()]);
