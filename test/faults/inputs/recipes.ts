import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parse } from "yaml";
import { mutate } from "../mutate.ts";
import { mutateEither } from "../mutate-json.ts";
import type { Input } from "./input.ts";

const shipped = new URL("../../../recipes/", import.meta.url);

/** Ends a command after its recipe was read, before the data are. */
const noStudent = ["--students", "no-such-network", "--data", "pictures"] as const;

const recipe: Input = {
  name: "recipe",
  attempts: 900,
  lay: async ({ folder, out, random }) => {
    const names = (await readdir(shipped)).sort();
    const yaml = await readFile(new URL(names[random.int(names.length)]!, shipped));
    const json = random.int(2) === 0;
    const { bytes, how } = json
      ? mutateEither(Buffer.from(JSON.stringify(parse(yaml.toString()), null, 2)), random)
      : mutate(yaml, random, true);
    const file = join(folder, json ? "recipe.json" : "recipe.yaml");
    await writeFile(file, bytes);
    return { args: ["run", "--recipe", file, ...noStudent, "--out", out], how: how.join(", ") };
  },
};

export const recipes: readonly Input[] = [recipe];
