/** An entry of a tar archive; `size` is what its header says. */
export interface TarEntry {
  readonly name: string;
  readonly content?: Uint8Array;
  readonly size?: number | bigint;
  /** POSIX's letter of its type: 0 file, 1 hard link, 2 symbolic link, 5 folder, 6 pipe. */
  readonly type?: string;
  readonly link?: string;
}

const block = 512;

/** A size of up to 8 GiB in octal digits, a larger one in base 256 as GNU's tar writes it. */
const sizeField = (size: bigint): Buffer => {
  if (size < 8n ** 11n && size >= 0n) return Buffer.from(`${size.toString(8).padStart(11, "0")}\0`);
  const field = Buffer.alloc(12);
  field.writeBigInt64BE(BigInt.asIntN(64, size), 4);
  field[0] = size < 0n ? 0xff : 0x80;
  return field;
};

/** The header of an entry (POSIX.1-1988, "ustar"). */
export const tarHeader = ({ name, content, size, type = "0", link = "" }: TarEntry): Buffer => {
  const header = Buffer.alloc(block);
  header.write(name, 0, 100);
  header.write(["0000644", "0000000", "0000000", ""].join("\0"), 100);
  sizeField(BigInt(size ?? content?.length ?? 0)).copy(header, 124);
  header.write(`${"0".repeat(11)}\0        `, 136);
  header.write(type, 156);
  header.write(link, 157, 100);
  header.write(["ustar", "00"].join("\0"), 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return header;
};

export const tarOf = (entries: readonly TarEntry[]): Buffer =>
  Buffer.concat([
    ...entries.flatMap((entry) => {
      const content = entry.content ?? Buffer.alloc(0);
      return [tarHeader(entry), content, Buffer.alloc((block - (content.length % block)) % block)];
    }),
    Buffer.alloc(2 * block),
  ]);
