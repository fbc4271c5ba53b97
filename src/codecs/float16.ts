// Conversion between float32 and half precision.

/**
 * IEEE 754 half precision: 1 sign bit, 5 exponent bits (bias 15), 10 mantissa bits. Halves are held as their bit
 * patterns in a Uint16Array, the layout that safetensors calls F16.
 */

/** The bits of the half nearest to the float32 with these bits; ties go to the even mantissa, overflow to infinity. */
const halfBits = (bits: number): number => {
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00;
  // 65536 and above; 65520..65536 overflow by the carry of the rounding below.
  if (magnitude >= 0x47800000) return sign | 0x7c00;
  if (magnitude >= 0x38800000) {
    // Normal halves: exponent bias 127 -> 15, then drop 13 mantissa bits. A carry into the exponent is what we want.
    const rounded = magnitude + 0xfff + ((magnitude >>> 13) & 1);
    return sign | ((rounded - 0x38000000) >>> 13);
  }
  // Subnormal halves count in units of 2^-24: mantissa 2^(e - 126) of them.
  const shift = 126 - (magnitude >>> 23);
  if (shift > 24) return sign;
  const mantissa = (magnitude & 0x7fffff) | 0x800000;
  const units = mantissa >>> shift;
  const rest = mantissa & ((1 << shift) - 1);
  const tie = 1 << (shift - 1);
  return sign | (rest > tie || (rest === tie && (units & 1) === 1) ? units + 1 : units);
};

/** Values as half bit patterns, rounded to nearest even; above 65504 (from 65520 on) becomes infinity. Same length. */
export const encodeFloat16 = (values: Float32Array): Uint16Array<ArrayBuffer> => {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const halves = new Uint16Array(values.length);
  for (let i = 0; i < bits.length; i++) halves[i] = halfBits(bits[i]!);
  return halves;
};

const halfValue = (half: number): number => {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >>> 10) & 31;
  const mantissa = half & 0x3ff;
  if (exponent === 31) return mantissa === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (exponent === 0 ? mantissa * 2 ** -24 : (mantissa + 1024) * 2 ** (exponent - 25));
};

let table: Float32Array | undefined;

/** The float32 value of every half bit pattern; exact, since float32 contains all halves. Same length. */
export const decodeFloat16 = (halves: Uint16Array): Float32Array<ArrayBuffer> => {
  // 256 KiB, made at first use: looking up is several times faster than computing.
  table ??= Float32Array.from({ length: 65536 }, (_, half) => halfValue(half));
  const values = new Float32Array(halves.length);
  for (let i = 0; i < halves.length; i++) values[i] = table[halves[i]!]!;
  return values;
};
