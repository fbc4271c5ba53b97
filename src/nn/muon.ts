// Muon: updates of convolution filters made orthogonal.
import { add, div, matmul, mul, reduceSum, reshape, sizeOf, sqrt, sub, type Value } from "../autodiff/index.ts";
import { type Optimiser, sgd } from "./optimisers.ts";

/** Coefficients of the fifth-order iteration that takes singular values near 1 (Jordan et al. 2024, Muon). */
const [a, b, c] = [3.4445, -4.775, 2.0315];
const iterations = 3;

const norm = (x: Value): Value => sqrt(add(reduceSum(mul(x, x)), 1e-14));

/**
 * About the nearest matrix with orthonormal rows (or columns, if there are more rows) to m [K, ...] seen as [K, J]:
 * Newton-Schulz iterations X' = a X + (b A + c A A) X with A = X X^T, from X = m / |m|. In the shape of m.
 */
export const orthogonalised = (m: Value): Value => {
  const rows = m.shape[0]!;
  const columns = sizeOf(m.shape) / rows;
  const wide = rows <= columns;
  let x = div(reshape(m, [rows, columns]), norm(m));
  for (let i = 0; i < iterations; i++) {
    const gram = matmul(x, x, wide ? { transposeB: true } : { transposeA: true });
    const polynomial = add(mul(gram, b), mul(matmul(gram, gram), c));
    x = add(mul(x, a), wide ? matmul(polynomial, x) : matmul(x, polynomial));
  }
  return reshape(x, m.shape);
};

export interface MuonOptions {
  readonly momentum?: number;
  readonly weightDecay?: number;
  /** Momentum of convolution filters. */
  readonly filterMomentum?: number;
  /** Learning rate of convolution filters, as a multiple of the others'. */
  readonly filterRate?: number;
}

/**
 * Muon for convolution filters, SGD with Nesterov momentum for all else. A filter is brought to a root mean square row norm
 * of 1 and then moved along the orthogonalised momentum (as in airbench94's Muon variant, Jordan 2024): meant for
 * convolutions that a batch norm follows, to which their scale is nothing.
 */
export const muon = ({
  momentum = 0.85,
  weightDecay = 0,
  filterMomentum = 0.6,
  filterRate = 0.32,
}: MuonOptions = {}): Optimiser => {
  const others = sgd({ momentum, weightDecay, nesterov: true });
  return {
    about: `Muon for convolution filters, momentum ${filterMomentum}, learning rate times ${filterRate}; ${others.about} for all else`,
    slots: others.slots,
    hyper: (step, learningRate) => ({
      ...others.hyper(step, learningRate),
      filterRate: learningRate * filterRate,
    }),
    update: (p, gradient, slots, hyper, rate) => {
      if (p.shape.length !== 4) return others.update(p, gradient, slots, hyper, rate);
      const v = add(mul(slots.velocity!, filterMomentum), gradient);
      const direction = orthogonalised(add(gradient, mul(v, filterMomentum)));
      const scaled = mul(p, div(Math.sqrt(p.shape[0]!), norm(p)));
      return { parameter: sub(scaled, mul(direction, hyper.filterRate!)), slots: { velocity: v } };
    },
  };
};
