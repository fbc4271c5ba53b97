import fc from "fast-check";
import * as ad from "../../src/autodiff/index.ts";
import { DistilleryError } from "../../src/support/errors.ts";

/** The inputs every random expression starts from. */
export const specs = {
  x: ad.float32(2, 3, 4, 4),
  y: ad.float32(2, 3, 4, 4),
  one: ad.float32(1, 3, 4, 4),
  w: ad.float32(3, 3, 3, 3),
  channel: ad.float32(3),
  row: ad.float32(1, 3, 1, 1),
  scalar: ad.float32(),
};

type Pool = readonly ad.Value[];
type Make = (pick: (i: number) => ad.Value, n: number) => ad.Value;

const shapes = [[2, 3, 4, 4], [2, 3, 1, 4], [1, 3, 4, 4], [1, 3, 1, 1], [2, 48], [3]] as const;
const constants = [0, 1, -1, 0.5, 2];
const shapeAt = (n: number): readonly number[] => shapes[n % shapes.length]!;
const channelsOf = (v: ad.Value, value: ad.Value): ad.Value =>
  v.shape[1] === 3 && value.shape.length === 1 ? value : ad.splat(0.5, [v.shape[1] ?? 1]);
const permutation = (v: ad.Value, n: number): number[] => {
  const axes = v.shape.map((_, i) => i);
  return [...axes.slice(n % Math.max(axes.length, 1)), ...axes.slice(0, n % Math.max(axes.length, 1))].reverse();
};

const smooth: Readonly<Record<string, Make>> = {
  add: (pick) => ad.add(pick(0), pick(1)),
  sub: (pick) => ad.sub(pick(0), pick(1)),
  mul: (pick) => ad.mul(pick(0), pick(1)),
  divide: (pick) => ad.div(pick(0), ad.add(ad.mul(pick(1), pick(1)), 1)),
  neg: (pick) => ad.neg(pick(0)),
  tanh: (pick) => ad.tanh(pick(0)),
  sigmoid: (pick) => ad.sigmoid(pick(0)),
  times: (pick, n) => ad.mul(pick(0), constants[n % constants.length]!),
  timesLeft: (pick, n) => ad.mul(constants[n % constants.length]!, pick(0)),
  plus: (pick, n) => ad.add(pick(0), constants[n % constants.length]!),
  constant: (_, n) => ad.splat(constants[n % constants.length]!, shapeAt(n >> 3)),
  literal: (_, n) => ad.constant({ data: Float32Array.of(1, -0.5, (n % 5) / 4), shape: [3] }),
  reshape: (pick, n) => ad.reshape(pick(0), shapeAt(n)),
  transpose: (pick, n) => ad.transpose(pick(0), permutation(pick(0), n)),
  broadcast: (pick, n) => ad.broadcastTo(pick(0), shapeAt(n)),
  spread: (pick) => ad.broadcastTo(pick(0), [2, 3, 4, 4]),
  sum: (pick, n) => ad.reduceSum(pick(0), [n % 4], n % 2 === 0),
  channelSum: (pick) => ad.channelSum(pick(0)),
  mean: (pick) => ad.mean(pick(0), [0, 2, 3], true),
  slice: (pick, n) => ad.slice(pick(0), n % 4, 0, Math.ceil((pick(0).shape[n % 4] ?? 1) / 2)),
  pad: (pick, n) =>
    ad.pad(
      pick(0),
      pick(0).shape.map((_, i) => (i === n % 4 ? 1 : 0)),
      pick(0).shape.map(() => 0),
    ),
  affine: (pick) => ad.channelAffine(pick(0), channelsOf(pick(0), pick(1)), channelsOf(pick(0), pick(2))),
  dot: (pick) => ad.channelDot(pick(0), pick(1)),
  conv: (pick) => ad.conv2d(pick(0), pick(1), undefined, { padding: 1 }),
  affineOfConv: (pick) =>
    ad.channelAffine(
      ad.conv2d(pick(0), pick(1), undefined, { padding: 1 }),
      channelsOf(pick(0), pick(2)),
      ad.zeros([3]),
    ),
  sumOfAffines: (pick) =>
    ad.add(
      ad.channelAffine(pick(0), channelsOf(pick(0), pick(1)), ad.zeros([pick(0).shape[1] ?? 1])),
      ad.channelAffine(pick(2), channelsOf(pick(2), pick(3)), ad.ones([pick(2).shape[1] ?? 1])),
    ),
  affinePlusRow: (pick) =>
    ad.add(ad.channelAffine(pick(0), channelsOf(pick(0), pick(1)), ad.ones([pick(0).shape[1] ?? 1])), pick(2)),
  again: (pick) => pick(0),
};

/** Continuous, but with kinks: for values only. */
const kinked: Readonly<Record<string, Make>> = {
  ...smooth,
  relu: (pick) => ad.relu(pick(0)),
  abs: (pick) => ad.abs(pick(0)),
  maximum: (pick) => ad.maximum(pick(0), pick(1)),
  reduceMax: (pick, n) => ad.reduceMax(pick(0), [n % 4], true),
};

/** A step of a random program: an operator, the operands (counted back from the newest value) and a number to vary it. */
export interface Step {
  readonly kind: string;
  readonly operands: readonly number[];
  readonly n: number;
}

const program = (makers: Readonly<Record<string, Make>>, maxLength: number): fc.Arbitrary<Step[]> =>
  fc.array(
    fc.record({
      kind: fc.constantFrom(...Object.keys(makers)),
      operands: fc.array(fc.nat(9), { minLength: 4, maxLength: 4 }),
      n: fc.nat(63),
    }),
    { minLength: 3, maxLength },
  );

export const smoothProgram = program(smooth, 14);
export const kinkedProgram = program(kinked, 18);

/** Runs the program on symbolic values; steps whose shapes do not fit are skipped. The newest values come last. */
export const execute = (steps: readonly Step[], inputs: Pool): ad.Value[] => {
  const values = [...inputs];
  for (const { kind, operands, n } of steps) {
    const pick = (i: number): ad.Value => values.at(-1 - (operands[i]! % values.length))!;
    try {
      const value = kinked[kind]!(pick, n);
      if (ad.sizeOf(value.shape) <= 4096) values.push(value);
    } catch (error) {
      if (!(error instanceof DistilleryError && error.code === "SHAPE")) throw error;
    }
  }
  return values;
};
