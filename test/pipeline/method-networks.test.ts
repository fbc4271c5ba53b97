import { join } from "node:path";
import { expect, test } from "vitest";
import { commands } from "../../src/pipeline/pipeline.ts";
import { quietly, temporaryFolder, tinyRecipe, writePictures } from "./tiny.ts";

test.each(["idc", "mtt", "match", "curriculum", "infer-match"])(
  "%s names a network that is not known, or does not fit the images, before anything is computed",
  async (name) => {
    const folder = await temporaryFolder();
    const method = { name, storage: "images", architecture: "nonsense" };
    const recipe = tinyRecipe(await writePictures(join(folder, "pictures")), { ipc: 4, method });
    const out = join(folder, "out");
    const small = { ...recipe, method: { ...method, architecture: "convnet8x5" } };
    await expect(commands.distill(recipe, quietly(out))).rejects.toThrow('unknown architecture "nonsense"');
    await expect(commands.distill(small, quietly(out))).rejects.toThrow(/convnet8x5: .*8x8/);
    await expect(
      commands.teach({ ...recipe, method: { ...method, architecture: "student" } }, quietly(out)),
    ).resolves.toBeDefined();
  },
);
