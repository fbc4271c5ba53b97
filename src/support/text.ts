// Decoding text files, whatever their byte order mark.

/** Byte order marks, the longer ones first: that of UTF-16 begins that of UTF-32. */
const marks = [
  { bytes: [0xff, 0xfe, 0, 0], encoding: "utf-32le" },
  { bytes: [0, 0, 0xfe, 0xff], encoding: "utf-32be" },
  { bytes: [0xef, 0xbb, 0xbf], encoding: "utf-8" },
  { bytes: [0xff, 0xfe], encoding: "utf-16le" },
  { bytes: [0xfe, 0xff], encoding: "utf-16be" },
] as const;

type Encoding = (typeof marks)[number]["encoding"];

const advice = "save it as UTF-8";

/** The UTF-16 that bytes without a mark seem to be: each Latin letter has a zero byte, always on the same side. */
const unmarkedUtf16 = (bytes: Uint8Array): Encoding | undefined => {
  const zeros = [0, 0];
  for (const [at, byte] of bytes.entries()) if (byte === 0) zeros[at % 2]! += 1;
  const [even = 0, odd = 0] = zeros;
  const most = Math.max(even, odd);
  if (4 * most < bytes.length || most < 10 * Math.min(even, odd) || most === 0) return undefined;
  return odd > even ? "utf-16le" : "utf-16be";
};

/** The whole characters that UTF-8 bytes begin with, one may be cut off at their end; undefined where one is wrong. */
const beginning = (bytes: Uint8Array): string | undefined => {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes, { stream: true });
  } catch {
    return undefined;
  }
};

/** The place of the first character that is wrong or cut off. */
const firstWrong = (bytes: Uint8Array): number => {
  let [good, bad] = [0, bytes.length + 1];
  while (bad - good > 1) {
    const middle = (good + bad) >> 1;
    if (beginning(bytes.subarray(0, middle)) === undefined) bad = middle;
    else good = middle;
  }
  return new TextEncoder().encode(beginning(bytes.subarray(0, good)) ?? "").length;
};

const lineAt = (bytes: Uint8Array, offset: number): number =>
  bytes.subarray(0, offset).reduce((line, byte) => (byte === 0x0a ? line + 1 : line), 1);

const decodeUtf8 = (bytes: Uint8Array): string => {
  const zero = bytes.indexOf(0);
  if (zero >= 0) throw new Error(`is no text: it has a zero byte at offset ${zero}`);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    const offset = firstWrong(bytes);
    throw new Error(`is not UTF-8 at byte offset ${offset}, line ${lineAt(bytes, offset)}; ${advice}`, { cause });
  }
};

/**
 * The text in a file's bytes: UTF-8, or what their byte order mark says. The mark is no part of the text.
 * @throws Error saying why they are no such text; callers add the file.
 */
export const decodeText = (bytes: Uint8Array): string => {
  const encoding = marks.find((mark) => mark.bytes.every((byte, i) => bytes[i] === byte))?.encoding;
  if (encoding === undefined) {
    const seeming = unmarkedUtf16(bytes);
    if (seeming === undefined) return decodeUtf8(bytes);
    throw new Error(`seems to be ${seeming.toUpperCase()} without a byte order mark; ${advice}`);
  }
  if (encoding === "utf-8") return decodeUtf8(bytes);
  if (encoding === "utf-32le" || encoding === "utf-32be") {
    throw new Error(`is ${encoding.toUpperCase()} by its byte order mark; ${advice}`);
  }
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new Error(`is ${encoding.toUpperCase()} by its byte order mark, but damaged; ${advice}`, { cause });
  }
};

/** A few bytes as characters of the same numbers. */
export const binaryText = (bytes: Uint8Array): string => String.fromCharCode(...bytes);
