// The demo's ten classes and the figures they draw.
import type { Random } from "../../../support/random.ts";

/**
 * Signed distance from (x, y) to a figure's outline, negative inside. The figure is centred on the origin and about one
 * unit in radius; the caller moves, turns and scales the plane. Distances need to be right only near the outline, where
 * they soften the edge.
 */
export type Figure = (x: number, y: number) => number;

/** Uniform in [low, high). */
export const between = (random: Random, low: number, high: number): number => low + (high - low) * random.float();

const discOf =
  (radius: number): Figure =>
  (x, y) =>
    Math.sqrt(x * x + y * y) - radius;

const squareOf =
  (half: number): Figure =>
  (x, y) =>
    Math.max(Math.abs(x), Math.abs(y)) - half;

/** A square whose corners are rounded off with a radius of up to half its half side, towards a disc. */
const roundedSquare = (random: Random): Figure => {
  const rounding = between(random, 0, 0.4);
  const inner = 0.78 - rounding;
  return (x, y) => {
    const dx = Math.abs(x) - inner;
    const dy = Math.abs(y) - inner;
    const outside = Math.sqrt(Math.max(dx, 0) ** 2 + Math.max(dy, 0) ** 2);
    return outside + Math.min(Math.max(dx, dy), 0) - rounding;
  };
};

/** A silhouette that says nothing about the class: the textured classes come in either. */
const patch = (random: Random): Figure => (random.int(2) === 0 ? discOf(1) : squareOf(0.88));

/** Distance from t to the nearest edge of cells of width `cell`, with the cell's parity. */
const cellOf = (t: number, cell: number): { edge: number; odd: boolean } => {
  const position = t / cell;
  const index = Math.floor(position);
  const within = position - index;
  return { edge: Math.min(within, 1 - within) * cell, odd: (index & 1) === 1 };
};

/** A regular figure of 2n corners alternating between the radii 1 and `inner`, one tip upwards. */
const starOf = (points: number, inner: number): Figure => {
  const half = Math.PI / points;
  // Folded into one half point, the outline is the line from the tip (1, 0) to the inner corner: unit normal (a, b), offset a.
  const [cornerX, cornerY] = [inner * Math.cos(half), inner * Math.sin(half)];
  const length = Math.hypot(1 - cornerX, cornerY);
  const [a, b] = [cornerY / length, (1 - cornerX) / length];
  return (x, y) => {
    const angle = Math.abs(Math.atan2(x, -y)) % (2 * half);
    const folded = angle > half ? 2 * half - angle : angle;
    const r = Math.sqrt(x * x + y * y);
    return a * r * Math.cos(folded) + b * r * Math.sin(folded) - a;
  };
};

const ring = (random: Random): Figure => {
  const half = between(random, 0.14, 0.24);
  return (x, y) => Math.abs(Math.sqrt(x * x + y * y) - 0.8) - half;
};

const crescent = (random: Random): Figure => {
  const offset = between(random, 0.4, 0.6);
  const bite = between(random, 0.78, 0.9);
  return (x, y) => Math.max(Math.sqrt(x * x + y * y) - 1, bite - Math.sqrt((x - offset) * (x - offset) + y * y));
};

const triangle = (): Figure => {
  const sine = Math.sqrt(3) / 2;
  return (x, y) => Math.max(y, sine * x - 0.5 * y, -sine * x - 0.5 * y) - 0.52;
};

const cross = (random: Random): Figure => {
  const arm = between(random, 0.17, 0.32);
  return (x, y) => {
    const [ax, ay] = [Math.abs(x), Math.abs(y)];
    return Math.min(Math.max(ax - 1, ay - arm), Math.max(ay - 1, ax - arm));
  };
};

const stripes = (random: Random): Figure => {
  const outline = patch(random);
  const cell = between(random, 0.24, 0.34);
  const phase = random.float() * cell;
  return (x, y) => {
    const { edge, odd } = cellOf(x + phase, cell);
    return Math.max(outline(x, y), odd ? edge : -edge);
  };
};

const checkers = (random: Random): Figure => {
  const outline = patch(random);
  const cell = between(random, 0.38, 0.5);
  const phase = random.float() * cell;
  return (x, y) => {
    const [column, row] = [cellOf(x + phase, cell), cellOf(y + phase, cell)];
    const edge = Math.min(column.edge, row.edge);
    return Math.max(outline(x, y), column.odd === row.odd ? edge : -edge);
  };
};

/** Dots scattered on a jittered triangular lattice, so that they neither touch nor line up. */
const dots = (random: Random): Figure => {
  const radius = between(random, 0.17, 0.23);
  const centres: [number, number][] = [[0, 0]];
  for (let k = 0; k < 6; k++) {
    const angle = (k * Math.PI) / 3 + between(random, -0.15, 0.15);
    const reach = between(random, 0.66, 0.84);
    centres.push([reach * Math.cos(angle), reach * Math.sin(angle)]);
  }
  return (x, y) => {
    let nearest = Number.POSITIVE_INFINITY;
    for (const [cx, cy] of centres) nearest = Math.min(nearest, (x - cx) * (x - cx) + (y - cy) * (y - cy));
    return Math.sqrt(nearest) - radius;
  };
};

/**
 * The demo's classes in label order: each draws one of its figures. All mirror images and rotations of a figure belong to
 * the same class, so flips and turns are nuisance and never change a label.
 */
export const demoClasses: readonly { readonly name: string; readonly draw: (random: Random) => Figure }[] = [
  { name: "disc", draw: () => discOf(0.92) },
  { name: "ring", draw: ring },
  { name: "crescent", draw: crescent },
  { name: "triangle", draw: triangle },
  { name: "square", draw: roundedSquare },
  { name: "star", draw: (random) => starOf(5, between(random, 0.38, 0.52)) },
  { name: "cross", draw: cross },
  { name: "stripes", draw: stripes },
  { name: "checkers", draw: checkers },
  { name: "dots", draw: dots },
];
