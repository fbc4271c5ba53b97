// SHA-256 in plain arithmetic, where there is no module of Node's that has it.

/** The first 32 bits behind the point of a root of the first primes (FIPS 180-4, sections 4.2.2 and 5.3.3). */
const fractions = (count: number, root: (prime: number) => number): Uint32Array => {
  const primes: number[] = [];
  for (let n = 2; primes.length < count; n++) if (primes.every((prime) => n % prime !== 0)) primes.push(n);
  return Uint32Array.from(primes, (prime) => (root(prime) % 1) * 2 ** 32);
};

const start = fractions(8, Math.sqrt);
const constants = fractions(64, Math.cbrt);

/** The word x rotated right by so many bits (section 3.2). */
const rotr = (x: number, by: number): number => (x >>> by) | (x << (32 - by));

/** The message with a one behind it, zeros up to whole blocks of 64 bytes, and its length in bits. */
const lastBlocks = (bytes: Uint8Array): Uint8Array => {
  const from = bytes.length - (bytes.length % 64);
  const rest = bytes.length - from;
  const padded = new Uint8Array(rest < 56 ? 64 : 128);
  padded.set(bytes.subarray(from));
  padded[rest] = 0x80;
  new DataView(padded.buffer).setBigUint64(padded.length - 8, BigInt(bytes.length) * 8n);
  return padded;
};

/** Takes whole blocks of 64 bytes into the state. */
const digestBlocks = (state: Uint32Array, bytes: Uint8Array): void => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const w = new Int32Array(64);
  for (let at = 0; at + 64 <= bytes.length; at += 64) {
    for (let t = 0; t < 16; t++) w[t] = view.getInt32(at + 4 * t);
    for (let t = 16; t < 64; t++) {
      const [x, y] = [w[t - 15]!, w[t - 2]!];
      const low = rotr(x, 7) ^ rotr(x, 18) ^ (x >>> 3);
      const high = rotr(y, 17) ^ rotr(y, 19) ^ (y >>> 10);
      w[t] = w[t - 16]! + low + w[t - 7]! + high;
    }
    let [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = state;
    for (let t = 0; t < 64; t++) {
      const choice = (e & f) ^ (~e & g);
      const first = (h + (rotr(e, 6) ^ rotr(e, 11) ^ rotr(e, 25)) + choice + constants[t]! + w[t]!) | 0;
      const majority = (a & b) ^ (a & c) ^ (b & c);
      const second = (rotr(a, 2) ^ rotr(a, 13) ^ rotr(a, 22)) + majority;
      h = g;
      g = f;
      f = e;
      e = (d + first) | 0;
      d = c;
      c = b;
      b = a;
      a = (first + second) | 0;
    }
    for (const [i, value] of [a, b, c, d, e, f, g, h].entries()) state[i] = state[i]! + value;
  }
};

/** The hash of some bytes in hex (FIPS 180-4). */
export const plainSha256 = (bytes: Uint8Array): string => {
  const state = start.slice();
  digestBlocks(state, bytes);
  digestBlocks(state, lastBlocks(bytes));
  return Array.from(state, (word) => word.toString(16).padStart(8, "0")).join("");
};
