// Painting figures and textures for the demo's images.
import type { Random } from "../../../support/random.ts";
import { between, type Figure } from "./demo-shapes.ts";

/** Height and width of a demo image. */
export const demoSide = 32;
const plane = demoSide * demoSide;

/** RGB, 0..255. */
type Colour = readonly [number, number, number];

/** Two colours, and at every point of the image the share (about 0..1) of the second. */
interface Surface {
  readonly from: Colour;
  readonly to: Colour;
  readonly share: (x: number, y: number) => number;
}

/** A figure on the image, distances in pixels; nothing of it lies further than `reach` from (cx, cy). */
interface Placed {
  readonly cx: number;
  readonly cy: number;
  readonly reach: number;
  readonly distance: Figure;
}

/** A colour around a lightness in 0..1, of any hue. The offsets of its three channels cancel out. */
const colourOf = (random: Random, lightness: number): Colour => {
  const hue = between(random, 0, 2 * Math.PI);
  const chroma = between(random, 0.1, 0.9) * Math.min(lightness, 1 - lightness);
  const channel = (third: number): number => 255 * (lightness + chroma * Math.cos(hue + (third * 2 * Math.PI) / 3));
  return [channel(0), channel(1), channel(2)];
};

const gradient = (random: Random): Surface["share"] => {
  const angle = between(random, 0, 2 * Math.PI);
  const [ax, ay] = [Math.cos(angle) / demoSide, Math.sin(angle) / demoSide];
  return (x, y) => 0.5 + ax * (x - demoSide / 2) + ay * (y - demoSide / 2);
};

/** Two crossing waves: soft clouds, or soft bands that a careless learner takes for stripes. */
const clouds = (random: Random): Surface["share"] => {
  const wave = (): { ax: number; ay: number; phase: number } => {
    const angle = between(random, 0, 2 * Math.PI);
    const frequency = (2 * Math.PI) / between(random, 7, 24);
    return { ax: frequency * Math.cos(angle), ay: frequency * Math.sin(angle), phase: between(random, 0, 2 * Math.PI) };
  };
  const [a, b] = [wave(), wave()];
  return (x, y) => 0.5 + 0.3 * (Math.sin(a.ax * x + a.ay * y + a.phase) + Math.sin(b.ax * x + b.ay * y + b.phase));
};

/** A surface about as light as asked for, its second colour up to `spread` lighter or darker. */
const surfaceOf = (random: Random, lightness: number, spread: number): Surface => {
  const other = Math.min(0.95, Math.max(0.05, lightness + between(random, -spread, spread)));
  return {
    from: colourOf(random, lightness),
    to: colourOf(random, other),
    share: random.int(2) === 0 ? gradient(random) : clouds(random),
  };
};

interface Placement {
  /** Radius of the figure in its own units, and pixels per unit. */
  readonly radius: number;
  readonly scale: number;
  /** Least distance of its centre from the border, in pixels. */
  readonly margin: number;
  /** Greatest turn either way, in radians. */
  readonly turn: number;
}

/** Puts a figure somewhere on the image, turned and a little squeezed. */
const place = (random: Random, figure: Figure, { radius, scale, margin, turn }: Placement): Placed => {
  const cx = between(random, margin, demoSide - margin);
  const cy = between(random, margin, demoSide - margin);
  const angle = between(random, -turn, turn);
  const [cos, sin] = [Math.cos(angle) / scale, Math.sin(angle) / scale];
  const squeeze = between(random, 0.8, 1);
  const distance: Figure = (x, y) => {
    const dx = x - cx;
    const dy = y - cy;
    return scale * squeeze * figure(cos * dx + sin * dy, (cos * dy - sin * dx) / squeeze);
  };
  return { cx, cy, reach: radius * scale + 1, distance };
};

/** A sliver or a speck: it belongs to no class. */
const litter = (random: Random): Placed => {
  const long = random.int(2) === 0;
  const a = long ? between(random, 3, 9) : between(random, 1, 2.2);
  const b = long ? between(random, 0.6, 1.1) : a;
  const shape: Figure = (x, y) => Math.max(Math.abs(x) - a, Math.abs(y) - b);
  return place(random, shape, { radius: Math.hypot(a, b), scale: 1, margin: 0, turn: Math.PI });
};

/** Lays a surface over the canvas [3, 32, 32]: everywhere, or where a figure covers a pixel and as far as it does. */
const lay = (canvas: Float32Array, { from, to, share }: Surface, shape?: Placed): void => {
  const first = (centre: number): number => Math.max(0, Math.floor(centre - shape!.reach));
  const last = (centre: number): number => Math.min(demoSide - 1, Math.ceil(centre + shape!.reach));
  const [left, right] = shape ? [first(shape.cx), last(shape.cx)] : [0, demoSide - 1];
  const [top, bottom] = shape ? [first(shape.cy), last(shape.cy)] : [0, demoSide - 1];
  for (let y = top; y <= bottom; y++) {
    for (let x = left; x <= right; x++) {
      // An outline passing half a pixel away covers all or nothing of the pixel; in between, proportionally.
      const covered = shape ? Math.min(1, 0.5 - shape.distance(x, y)) : 1;
      if (covered <= 0) continue;
      const mix = share(x, y);
      for (let channel = 0; channel < 3; channel++) {
        const at = channel * plane + y * demoSide + x;
        const value = from[channel]! + mix * (to[channel]! - from[channel]!);
        canvas[at] = canvas[at]! + covered * (value - canvas[at]!);
      }
    }
  }
};

/** Lightness of ground and figure, at least `least` apart, either one the lighter. */
const twoLightnesses = (random: Random, least: number): [number, number] => {
  const ground = between(random, 0.12, 0.88);
  const step = between(random, least, least + 0.25);
  const lighter = ground + step > 0.92 ? false : ground - step < 0.08 ? true : random.int(2) === 0;
  return [ground, lighter ? ground + step : ground - step];
};

/**
 * Paints a figure into `out`, [3, 32, 32], over a background with litter. Place, size, turn, colours, shading, litter and
 * grain are all drawn from `random` and say nothing about the figure.
 */
export const paint = (random: Random, figure: Figure, out: Uint8Array): void => {
  const scale = between(random, 7, 13);
  const subject = place(random, figure, { radius: Math.SQRT2, scale, margin: Math.max(scale, 10), turn: 0.4 });
  const [ground, ink] = twoLightnesses(random, 0.3);
  const canvas = new Float32Array(3 * plane);
  lay(canvas, surfaceOf(random, ground, 0.22));
  for (let pieces = random.int(3); pieces > 0; pieces--) {
    const colour = colourOf(random, between(random, 0.1, 0.9));
    lay(canvas, { from: colour, to: colour, share: () => 0 }, litter(random));
  }
  lay(canvas, surfaceOf(random, ink, 0.05), subject);
  const grain = between(random, 2, 20);
  for (let i = 0; i < canvas.length; i++) {
    const value = canvas[i]! + grain * (random.float() + random.float() - 1);
    out[i] = Math.min(255, Math.max(0, Math.round(value)));
  }
};
