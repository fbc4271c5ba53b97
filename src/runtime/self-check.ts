// The self-check of a device: a small network's loss and gradients.
import { gradients } from "../autodiff/grad.ts";
import type { Graph } from "../autodiff/graph.ts";
import { add, div, mul, sqrt } from "../autodiff/ops/elementwise.ts";
import { simplify } from "../autodiff/simplify.ts";
import { trace } from "../autodiff/trace.ts";
import { mapTree } from "../autodiff/tree.ts";
import { floats, sizeOf, type Tensor, type TensorType, tensor } from "../autodiff/types.ts";
import type { Value } from "../autodiff/value.ts";
import { type Random, stream } from "../support/random.ts";
import { constants, networkLoss, variables } from "./check-network.ts";
import { type Plain, plainLayers } from "./plain-layers.ts";
import { tracedLayers } from "./traced-layers.ts";

/** Runs a graph once on a device. */
export type RunOnce = (graph: Graph, feeds: readonly Tensor[]) => Promise<readonly Tensor[]>;

/** A device that computes, but not what it should. */
export class WrongResult extends Error {}

/** A random direction of ones and minus ones, so that no part of a gradient escapes, and the loss's slope along it. */
interface Slope {
  readonly direction: Float64Array;
  readonly expected: number;
}

/** The network with its gradients, and all that a device's results are held against. */
interface Prepared {
  readonly graph: Graph;
  readonly feeds: readonly Tensor[];
  readonly loss: number;
  readonly slopes: Readonly<Record<string, readonly Slope[]>>;
  readonly updates: Readonly<Record<string, readonly number[]>>;
}

/** Variables of equal shapes that are updated alike, which some devices do for several at once: v / (sqrt(v v + 1) + 1). */
const updated = ["stemScale", "stemShift", "scale", "shift"] as const;
const update = (v: Value): Value => div(v, add(sqrt(add(mul(v, v), 1)), 1));
const plainUpdate = (v: number): number => v / (Math.sqrt(v * v + 1) + 1);

/** Length of a move along a direction: a slope's error is near it, and that of double precision near 1e-16 / 1e-7. */
const reach = 1e-7;
const directions = 2;

const drawn = (random: Random, { shape }: TensorType, low: number): Tensor =>
  tensor(
    Float32Array.from({ length: sizeOf(shape) }, () => low + (1 - low) * random.float()),
    shape,
  );

/** For the layers in plain loops. */
export const inLoops = ({ data, shape }: Tensor): Plain => ({ shape, data: Float64Array.from(data, Number) });

/** A point at which the network can be run. */
export const checkPoint = (random: Random) => ({
  variables: mapTree(variables, (type, name) => drawn(random, type, /scale/i.test(name) ? 0.5 : -1)),
  rows: tensor(BigInt64Array.from(random.permutation(sizeOf(constants.rows.shape)), BigInt), constants.rows.shape),
  targets: drawn(random, constants.targets, 0),
});

/** One whose point lies far from the kinks of ReLU and of a window's largest: no rounding passes them, nor TF32's. */
export const seed = 970;

const prepare = (): Prepared => {
  const random = stream(seed, "self-check");
  const { variables: at, rows, targets } = checkPoint(random);
  const given = { rows: inLoops(rows), targets: inLoops(targets) };
  const here = mapTree(at, inLoops);
  const lossAt = (changed: Readonly<Record<string, Plain>>): number =>
    networkLoss(plainLayers, { ...here, ...changed }, given).data[0]!;
  const loss = lossAt({});
  const slopeOf = (name: string, { data, shape }: Plain): Slope => {
    const direction = data.map(() => (random.float() < 0.5 ? -1 : 1));
    const moved = { shape, data: data.map((v, i) => v + reach * direction[i]!) };
    return { direction, expected: (lossAt({ [name]: moved }) - loss) / reach };
  };
  const { graph } = trace({ variables, constants }, (inputs) => {
    const traced = networkLoss(tracedLayers, inputs.variables, inputs.constants);
    const updates = updated.map((name) => update(inputs.variables[name]));
    return { loss: traced, updates, gradients: gradients(traced, inputs.variables) };
  });
  return {
    graph: simplify(graph),
    feeds: [...Object.values(at), rows, targets],
    loss,
    updates: Object.fromEntries(updated.map((name) => [name, [...floats(at[name])].map(plainUpdate)])),
    slopes: mapTree(at, (value, name) => Array.from({ length: directions }, () => slopeOf(name, inLoops(value)))),
  };
};

let prepared: Prepared | undefined;

const dot = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
};

/**
 * Runs one step of a small network, with its gradients, on a device and compares it with the definition: the loss in
 * plain loops, by how much it grows there when a variable is moved, and variables that are updated.
 * @throws WrongResult where the loss, a gradient or an update is off by more than `tolerance`, relative to its size.
 */
export const checkResults = async (run: RunOnce, tolerance: number): Promise<void> => {
  prepared ??= prepare();
  const { graph, feeds, loss, slopes, updates } = prepared;
  const expectNear = (what: string, error: number): void => {
    // Not `>`: an error that is no number is none to accept.
    if (!(error <= tolerance)) throw new WrongResult(`${what} is off by ${error.toPrecision(2)} of its size`);
  };
  const [value, ...others] = (await run(graph, feeds)).map(floats);
  const [moved, results] = [others.slice(0, updated.length), others.slice(updated.length)];
  expectNear("the loss", Math.abs(value![0]! - loss) / Math.abs(loss));
  for (const [i, [name, expected]] of Object.entries(updates).entries()) {
    const off = expected.map((v, at) => v - moved[i]![at]!);
    expectNear(`the update of ${name}`, Math.sqrt(dot(off, off) / dot(expected, expected)));
  }
  for (const [i, [name, along]] of Object.entries(slopes).entries()) {
    const gradient = results[i]!;
    // The root mean square of a gradient's slopes along such directions.
    const size = Math.sqrt(dot(gradient, gradient));
    const worst = along.map(({ direction, expected }) => Math.abs(dot(gradient, direction) - expected) / size);
    expectNear(`the gradient of ${name}`, Math.max(...worst));
  }
};
