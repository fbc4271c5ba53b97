import { cp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { sealManifest } from "../../../src/sets/manifest/seal.ts";
import { sha256 } from "../../../src/support/files.ts";
import { mutate } from "../mutate.ts";
import { mutateEither } from "../mutate-json.ts";
import { type Input, mustBeRefused, type Place } from "./input.ts";

const laySet = async ({ folder, ground }: Place): Promise<string> => {
  const set = join(folder, "set");
  await cp(join(ground.run, "4-set"), set, { recursive: true });
  return set;
};

const manifest: Input = {
  name: "manifest",
  attempts: 700,
  lay: async (place) => {
    const set = await laySet(place);
    const file = join(set, "manifest.json");
    const whole = await readFile(file);
    const { bytes, how } = mutateEither(whole, place.random);
    await writeFile(file, bytes);
    const accepted = bytes.equals(whole) ? {} : { accepted: mustBeRefused };
    return { args: ["verify", set], how: how.join(", "), ...accepted };
  },
};

/** A part of a set, its size and hash in the manifest made to fit, so that what decodes it meets the damage. */
const part = (name: string, path: string, attempts: number): Input => ({
  name,
  attempts,
  lay: async (place) => {
    const set = await laySet(place);
    const { bytes, how } = mutate(await readFile(join(set, path)), place.random);
    await writeFile(join(set, path), bytes);
    const file = join(set, "manifest.json");
    const { sha256: _, ...fields } = JSON.parse(await readFile(file, "utf8")) as Record<string, unknown>;
    const parts = { ...(fields.parts as Record<string, object>) };
    parts[path] = { ...parts[path], bytes: bytes.length, sha256: sha256(bytes) };
    await writeFile(file, sealManifest({ ...fields, parts }));
    return { args: ["verify", set], how: how.join(", ") };
  },
});

export const sets: readonly Input[] = [
  manifest,
  part("labels", "labels.safetensors", 300),
  part("compensators", "compensators.safetensors", 300),
  part("base", "bases/0.png", 300),
  part("decoder", "decode.onnx", 100),
];
