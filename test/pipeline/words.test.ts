import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { commands } from "../../src/pipeline/pipeline.ts";
import { readSet } from "../../src/sets/index.ts";
import { commandLine } from "../cli/world.ts";
import { fish, frog, tinyImageNetFolder } from "../data/published-layouts.ts";
import { quietly, temporaryFolder, tinyRecipe } from "./tiny.ts";

it("what people call classes goes from the data into the set, the report and `inspect`", async () => {
  const out = join(await temporaryFolder(), "out");
  const recipe = tinyRecipe(await tinyImageNetFolder(), {
    ipc: 2,
    teachers: ["convnet4x1"],
    labels: ["static"],
    iterations: 2,
    seeds: 1,
    validation: 0,
    student: { epochs: 1 },
    full: { epochs: 1 },
  });
  const report = (await commands.run(recipe, quietly(out))).report;
  const { manifest } = await readSet(join(out, "4-set"));
  // words.txt says nothing of frogs here.
  const words = ["goldfish, Carassius auratus", frog];
  expect(manifest).toMatchObject({ classes: [fish, frog], words });
  expect(report.data).toMatchObject({ classNames: [fish, frog], classWords: words });

  const page = await readFile(join(out, "report.html"), "utf8");
  expect(page).toContain(
    `<h3>goldfish, Carassius auratus</h3><p class="quiet">${fish}, base 0, teacher convnet4x1</p>`,
  );
  expect(page).toContain(`<h3>${frog}</h3><p class="quiet">base 0, teacher convnet4x1</p>`);
  expect(page).toContain(`title="goldfish, Carassius auratus (${fish})">goldfish, Carassius auratus</th>`);
  expect(page).toContain(`<dd>goldfish, Carassius auratus (${fish}); ${frog}</dd>`);

  const { stdout } = await commandLine(["inspect", join(out, "4-set")]);
  expect(stdout).toMatch(new RegExp(`classes +0 ${fish} {2}goldfish, Carassius auratus\\n +1 ${frog}\\n`));
  const json = JSON.parse((await commandLine(["inspect", join(out, "4-set"), "--json"])).stdout) as unknown;
  expect(json).toMatchObject({ words });
}, 60_000);
