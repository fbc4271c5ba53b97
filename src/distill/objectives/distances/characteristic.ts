// The distance of characteristic functions.
import {
  add,
  concat,
  constant,
  cos,
  div,
  float32,
  matmul,
  mean,
  mul,
  reduceSum,
  reshape,
  sin,
  sqrt,
  sub,
  tensor,
  type Value,
} from "../../../autodiff/index.ts";
import { stream } from "../../../support/random.ts";
import { type MeanDistance, ofMeans } from "./distance.ts";

/** Weight of the whole; a and b of amplitudes and phases are both .5. Lengths of frequencies, beside a normal vector's. */
const [weight, shortest, longest] = [300, 1, 5];

/** [F, T] standard normal numbers, always the same. */
const normals = (features: number, frequencies: number): Value => {
  const random = stream(0, "frequencies", features, frequencies);
  return constant(
    tensor(Float32Array.from({ length: features * frequencies }, random.normal), [features, frequencies]),
  );
};

/** Square root whose derivative is finite at 0. */
const root = (x: Value, least: number): Value => sqrt(add(x, least));

/**
 * The characteristic function of features of length 1 at T frequencies (NCFM, arXiv 2502.20653, equations 5 to 8): with
 * F(t) = mean exp(i t'f),
 *
 *   300 mean_t sqrt(a (|Fr| - |Fs|)^2 + b (|Fr| |Fs| - Re Fr Re Fs - Im Fr Im Fs)),  a = b = .5
 *
 * The second term is (|Fr - Fs|^2 - (|Fr| - |Fs|)^2) / 2. So the root is half that of (|Fr| - |Fs|)^2 + |Fr - Fs|^2: a sum of
 * squares, which rounding makes no less than 0.
 *
 * A pair has frequencies of its own: one normal matrix, whose rows have the pair's signs, times the pair's length. They are
 * normal in every pair, and F numbers are drawn for F T.
 */
export const characteristicAt = (frequencies: number): MeanDistance =>
  ofMeans({
    name: "characteristic",
    about: `distance of characteristic functions at ${frequencies.toLocaleString("en")} frequencies, amplitudes and phases alike`,
    key: { distance: "characteristic", frequencies },
    drawn: (features) => ({ scales: float32(1, features) }),
    draw: (random, features) => {
      const scale = shortest + (longest - shortest) * random.float();
      const signed = (): number => (random.int(2) === 0 ? scale : -scale);
      return { scales: tensor(Float32Array.from({ length: features }, signed), [1, features]) };
    },
    embed: (features, { scales }) => {
      const unit = div(features, root(reduceSum(mul(features, features), [1], true), 1e-12));
      const angles = matmul(mul(unit, scales!), normals(features.shape[1]!, frequencies));
      return concat([cos(angles), sin(angles)], 1);
    },
    gap: (synthetic, real) => {
      const [own, wanted] = [synthetic, real].map((parts) => reshape(parts, [2, frequencies])) as [Value, Value];
      const squares = (parts: Value): Value => reduceSum(mul(parts, parts), [0]);
      const apart = sub(root(squares(own), 1e-12), root(squares(wanted), 1e-12));
      return mul(mean(root(add(mul(apart, apart), squares(sub(own, wanted))), 1e-8)), weight / 2);
    },
  });

export const characteristic = characteristicAt(1024);
