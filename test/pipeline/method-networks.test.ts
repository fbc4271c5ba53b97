import { join } from "node:path";
import { expect, test } from "vitest";
import { commands } from "../../src/pipeline/pipeline.ts";
import { quietly, temporaryFolder, tinyRecipe, writePictures } from "./tiny.ts";

test.each(["idc", "mtt", "match", "infer-match"])(
  "%s names a network that is not known before anything is computed",
  async (name) => {
    const folder = await temporaryFolder();
    const method = { name, storage: "images", architecture: "nonsense" };
    const recipe = tinyRecipe(await writePictures(join(folder, "pictures")), { ipc: 4, method });
    const out = join(folder, "out");
    await expect(commands.distill(recipe, quietly(out))).rejects.toThrow('unknown architecture "nonsense"');
    await expect(
      commands.teach({ ...recipe, method: { ...method, architecture: "student" } }, quietly(out)),
    ).resolves.toBeDefined();
  },
);
