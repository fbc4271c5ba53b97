import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Report } from "../../src/evaluation/rows.ts";
import { commands } from "../../src/pipeline/pipeline.ts";
import type { Recipe } from "../../src/recipe/recipe.ts";
import { readSet, verifySet } from "../../src/sets/index.ts";
import { sealManifest } from "../../src/sets/manifest/seal.ts";
import { distillery } from "../e2e/command.ts";
import { filesIn, isTimes, quietly, tinyRecipe, writePictures } from "./tiny.ts";

const brief = { iterations: 4, labels: ["static"], seeds: 1, student: { epochs: 2 }, full: { epochs: 1 } };
const name = "somebody's own";

let folder: string;
let recipe: Recipe;
let own: string;
let theirs: string;
let ours: Report;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "distillery-strangers-"));
  recipe = tinyRecipe(await writePictures(join(folder, "pictures")), brief);
  const out = join(folder, "out");
  ours = (await commands.run(recipe, quietly(out))).report;
  own = join(out, "4-set");
  theirs = join(folder, "theirs");
  await cp(own, theirs, { recursive: true });
}, 120_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Changes fields of the set that came from elsewhere, and what stands for all of them. */
const write = async (changed: Readonly<Record<string, unknown>>): Promise<void> => {
  const { sha256: _, ...fields } = JSON.parse(await readFile(join(own, "manifest.json"), "utf8")) as Record<
    string,
    unknown
  >;
  await writeFile(join(theirs, "manifest.json"), sealManifest({ ...fields, ...changed }));
};

describe("a set by a method that nobody here knows", () => {
  beforeAll(() =>
    write({
      method: name,
      pixels: "from-noise",
      notice: "Made by a friend.",
      decoding: "",
      recipe: { data: "pictures", ipc: 3, method: { name, strength: [1, { of: "two" }] }, extra: true },
    }),
  );

  it("is read, and verified", async () => {
    expect(await verifySet(theirs)).toMatchObject({ ok: true, problems: [] });
    const { manifest, ...arrays } = await readSet(theirs);
    expect(manifest).toMatchObject({ method: name, pixels: "from-noise", storage: { kind: "images" } });
    const { manifest: _, ...same } = await readSet(own);
    expect(arrays).toEqual(same);
    expect((await distillery(folder, "verify", theirs)).stdout).toContain("theirs: whole, 5 parts checked");
  });

  it("is inspected", async () => {
    const { exit, stdout } = await distillery(folder, "inspect", theirs);
    expect(exit).toBe(0);
    expect(stdout).toMatch(/^method +somebody's own$/m);
    expect(stdout).toContain("name somebody's own, strength 1+{");
    expect(stdout).toContain("Made by a friend.");
    const json = JSON.parse((await distillery(folder, "inspect", theirs, "--json")).stdout) as { method: string };
    expect(json.method).toBe(name);
  });

  it("is evaluated and reported, as ours are", async () => {
    const teachers = ["0-convnet8x1", "1-convnet6x2"].map((file) =>
      join(folder, "out/2-teachers", `${file}.safetensors`),
    );
    const out = join(folder, "elsewhere");
    const { report } = await commands.evaluate({ ...recipe, teachers }, quietly(out, { set: theirs }));
    expect(report).toMatchObject({ method: name, pixels: "from-noise", budget: ours.budget });
    const rows = (of: Report) =>
      of.rows.map(({ method, seconds: _, ...row }) => ({ ...row, method: method === "infer" ? name : method }));
    expect(rows(report)).toEqual(rows(ours));
    expect(JSON.parse(await readFile(join(out, "report.json"), "utf8"))).toMatchObject({ method: name });
    const page = await readFile(join(out, "report.html"), "utf8");
    expect(page).toContain("somebody&#39;s own");
    expect(page).toContain("No natural images inside");
    expect(page).not.toContain("INFER");
    expect(
      (await filesIn(out)).filter((path) => !isTimes(path) && path.startsWith("5-students/set-somebody-s-own-static-")),
    ).toHaveLength(1);
  }, 60_000);
});

it("a name with slashes, blanks and tags leads nowhere else", async () => {
  const hostile = "../../x y\u202e<img src=x onerror=alert(1)>";
  await write({ method: hostile });
  const out = join(folder, "hostile");
  const teachers = ["0-convnet8x1", "1-convnet6x2"].map((file) =>
    join(folder, "out/2-teachers", `${file}.safetensors`),
  );
  const before = await filesIn(folder);
  const { report } = await commands.evaluate({ ...recipe, teachers }, quietly(out, { set: theirs }));
  expect(report.method).toBe(hostile);
  const made = (await filesIn(folder)).filter((path) => !before.includes(path));
  expect(made.filter((path) => !path.startsWith("hostile/"))).toEqual([]);
  for (const path of made) expect(path).toMatch(/^hostile\/([\w.-]+\/)?[\w.-]+$/);
  expect(await readFile(join(out, "report.html"), "utf8")).not.toContain("<img src=x");
  const { stdout } = await distillery(folder, "inspect", theirs);
  expect(stdout).not.toContain("\u202e");
}, 60_000);

it("images stored in a way that nobody here knows are refused in a line that says what rebuilds them", async () => {
  await write({ method: name, storage: { kind: "holograms", height: 8, width: 8 } });
  const message =
    `error: theirs/manifest.json: its images are stored as "holograms", which this program does not know (it knows images, formation2, formation3, formation4); ` +
    "update distillery, or rebuild them by the set's decode.onnx in any ONNX runtime\ncode SET, exit status 5\n";
  expect(await distillery(folder, "inspect", theirs)).toEqual({ exit: 5, stdout: "", stderr: message });
  const evaluate = ["evaluate", theirs, "--data", recipe.data, "--out", join(folder, "refused")];
  expect(await distillery(folder, ...evaluate)).toMatchObject({
    exit: 5,
    stdout: "",
    stderr: expect.stringContaining(message),
  });
  expect((await verifySet(theirs)).problems).toEqual([expect.stringContaining("by the set's decode.onnx")]);
});
