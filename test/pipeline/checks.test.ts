import { constants } from "node:buffer";
import { expect, test } from "vitest";
import { splitOf } from "../../src/data/dataset.ts";
import { checkPlan } from "../../src/pipeline/checks.ts";
import { silent } from "../../src/support/work/progress.ts";
import { classification } from "../../src/tasks/classification.ts";
import { prepared } from "../distill/methods/workshop.ts";
import { tinyRecipe } from "./tiny.ts";

test("base images that do not fit into one array are refused before anything is computed", async () => {
  const [classes, side, ipc] = [1000, 224, 50];
  const small = await prepared({ classes, side: 1, images: ipc });
  const labels = Int32Array.from({ length: classes * ipc }, (_, i) => i % classes);
  const image = { height: side, width: side };
  const data = {
    ...small,
    train: splitOf(new Uint8Array(classes * ipc), labels),
    task: classification(classes, image),
  };
  const check = checkPlan(tinyRecipe("photos", { method: "random", ipc }), data, [], { progress: silent });
  const bytes = ipc * classes * 3 * side ** 2;
  if (bytes <= constants.MAX_LENGTH) await expect(check).resolves.toBeUndefined();
  else
    await expect(check).rejects.toThrow(
      /^50 images of each of 1000 classes at 224x224 take 7\.0 GiB in one piece, .* Node 22 or later, a smaller --ipc or --resize$/,
    );
});
