import { constants, deflateRawSync, gzipSync } from "node:zlib";

const chunk = 64 * 2 ** 20;

/** Deflated zeros in pieces that may follow each other, 64 KB for each 64 MiB. */
const piece = (bytes: number): Buffer =>
  deflateRawSync(Buffer.alloc(bytes), { level: 9, finishFlush: constants.Z_FULL_FLUSH });

const pieces = (bytes: number): Buffer[] => {
  const whole = piece(chunk);
  return [...Array.from({ length: Math.floor(bytes / chunk) }, () => whole), piece(bytes % chunk)];
};

/** Adler-32 of `head` and zeros behind it. */
const checksum = (head: Uint8Array, zeros: number): number => {
  const most = 65521;
  let [a, b] = [1, 0];
  for (const byte of head) [a, b] = [(a + byte) % most, (b + a + byte) % most];
  return ((((b + a * (zeros % most)) % most) << 16) | a) >>> 0;
};

/** A zlib stream (RFC 1950) of `head` and so many zeros, made without holding them. */
export const zlibOf = (head: Uint8Array, zeros: number): Buffer => {
  const end = Buffer.alloc(4);
  end.writeUInt32BE(checksum(head, zeros));
  const headPiece = deflateRawSync(head, { finishFlush: constants.Z_FULL_FLUSH });
  return Buffer.concat([Buffer.from([0x78, 0x9c]), headPiece, ...pieces(zeros), deflateRawSync(Buffer.alloc(0)), end]);
};

/** A gzip file of `head` and so many zeros, in members of 64 MiB as `cat a.gz b.gz` makes them. */
export const gzipOf = (head: Uint8Array, zeros: number): Buffer => {
  const member = gzipSync(Buffer.alloc(chunk), { level: 9 });
  const rest = gzipSync(Buffer.alloc(zeros % chunk));
  return Buffer.concat([gzipSync(head), ...Array.from({ length: Math.floor(zeros / chunk) }, () => member), rest]);
};
