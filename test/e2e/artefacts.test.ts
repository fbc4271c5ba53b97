import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { openStore } from "../../src/distributed/artefacts/open-store.ts";
import { withArtefacts } from "../../src/distributed/with-artefacts.ts";
import { commands } from "../../src/pipeline/pipeline.ts";
import { hashesIn, quietly, temporaryFolder, timesIn, tinyRecipe, writePictures } from "../pipeline/tiny.ts";
import { distillery } from "./command.ts";
import { writeRecipe } from "./processes.ts";

/** Digests of all files but those that tell how long this machine took. */
const filesOf = async (folder: string): Promise<readonly (readonly [string, string])[]> =>
  Object.entries(await hashesIn(folder)).filter(([file]) => !/^(report|seconds)\./.test(file));

it("a second run elsewhere takes all results from the store and ends with the same bytes", async () => {
  const folder = await temporaryFolder();
  const [data, shared] = [await writePictures(join(folder, "pictures")), join(folder, "shared")];
  await writeRecipe(folder, { data });
  const run = (out: string) =>
    distillery(
      folder,
      "run",
      "--recipe",
      join(folder, "recipe.yaml"),
      "--out",
      join(folder, out),
      "--artefacts",
      shared,
    );
  expect(await run("one")).toMatchObject({ exit: 0 });
  const published = await timesIn(shared);
  expect(Object.keys(published).length).toBeGreaterThan(5);

  const store = await openStore(shared);
  const offered: string[] = [];
  const putIfAbsent = async (name: string): Promise<boolean> => offered.push(name) === 0;
  const executor = withArtefacts({ ...store, putIfAbsent });
  await commands.run(tinyRecipe(data), quietly(join(folder, "two"), { executor }));
  expect(offered).toEqual([]);
  expect(await filesOf(join(folder, "two"))).toEqual(await filesOf(join(folder, "one")));
  expect(await timesIn(shared)).toEqual(published);
});

it("a store that cannot be used is told of before anything is made, and a dry run asks none", async () => {
  const folder = await temporaryFolder();
  const data = await writePictures(join(folder, "pictures"));
  await writeRecipe(folder, { data });
  const run = (...args: string[]) =>
    distillery(folder, "run", "--recipe", join(folder, "recipe.yaml"), "--out", join(folder, "out"), ...args);
  const refused = await run("--artefacts", join(data, "train", "kind0", "0.png"));
  expect(refused).toMatchObject({ exit: 10, stdout: "" });
  expect(refused.stderr).toBe(
    "error: pictures/train/kind0/0.png is a file, not a folder; choose a folder\ncode ARTEFACTS, exit status 10\n",
  );
  expect((await run("--artefacts", "")).stderr).toContain("--artefacts: expected a folder or s3://BUCKET/PREFIX");
  expect(await run("--artefacts", join(folder, "shared"), "--dry-run")).toMatchObject({ exit: 0 });
  expect((await readdir(folder)).sort()).toEqual(["pictures", "recipe.yaml"]);
});
