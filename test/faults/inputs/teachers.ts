import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Random } from "../../../src/support/random.ts";
import { type Mutated, mutate } from "../mutate.ts";
import { mutateEither } from "../mutate-json.ts";
import type { Input } from "./input.ts";

/** Arguments that read the data and the teachers, and then end because --out is a file. */
export const withTeachers = async (folder: string, teachers: string): Promise<readonly string[]> => {
  const blocked = join(folder, "blocked");
  await writeFile(blocked, "");
  return ["teach", "--recipe", "run.yaml", "--teachers", teachers, "--out", join(blocked, "out")];
};

/** A safetensors file of this header and body. */
export const withHeader = (header: Uint8Array, body: Uint8Array): Buffer => {
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  return Buffer.concat([length, header, body]);
};

interface Header {
  readonly __metadata__: { readonly teacher: string };
}

/** Damages any byte of a file, its header, or what the header's metadata say of the teacher. */
const places: Readonly<Record<string, (header: Buffer, body: Buffer, random: Random) => Mutated>> = {
  "any byte": (header, body, random) => mutate(withHeader(header, body), random),
  header: (header, body, random) => {
    const { bytes, how } = mutateEither(header, random);
    return { bytes: withHeader(bytes, body), how };
  },
  card: (header, body, random) => {
    const { __metadata__, ...tensors } = JSON.parse(header.toString()) as Header;
    const { bytes, how } = mutateEither(Buffer.from(__metadata__.teacher), random);
    const damaged = { __metadata__: { ...__metadata__, teacher: bytes.toString() }, ...tensors };
    return { bytes: withHeader(Buffer.from(JSON.stringify(damaged)), body), how };
  },
};

const teacher = (name: string, prefix: string, attempts: number): Input => ({
  name,
  attempts,
  lay: async ({ folder, ground, random }) => {
    const whole = await readFile(join(ground.run, "2-teachers/0-convnet8x1.safetensors"));
    const start = 8 + Number(whole.readBigUInt64LE(0));
    const [place, damage] = Object.entries(places)[random.int(3)]!;
    const { bytes, how } = damage(whole.subarray(8, start), whole.subarray(start), random);
    const file = join(folder, "teacher.safetensors");
    await writeFile(file, bytes);
    return { args: await withTeachers(folder, `${prefix}${file}`), how: `${place}: ${how.join(", ")}` };
  },
});

export const teachers: readonly Input[] = [teacher("teacher", "", 350), teacher("weights", "convnet8x1=", 200)];
