import { cp, mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { compareFolder } from "../../../src/pipeline/compare/folder.ts";
import { type Claim, claimFolder } from "../../../src/pipeline/folder/claim.ts";
import { runFolder } from "../../../src/pipeline/folder/run-folder.ts";
import { recipeToYaml } from "../../../src/pipeline/recipe/file.ts";
import { writeJson } from "../../../src/support/files.ts";
import { temporaryFor } from "../../../src/support/temporary.ts";
import { silent } from "../../../src/support/work/progress.ts";
import { filesIn, hashesIn, temporaryFolder, tinyRecipe } from "../tiny.ts";

const recipe = tinyRecipe("photos");

/** Claims a folder for as long as the test runs, and lets go of it at once. */
const claim = async (out: string, given = recipe, fingerprint = "f", notes: string[] = []): Promise<Claim> => {
  const held = await claimFolder(runFolder(out), given, fingerprint, { ...silent, note: (line) => notes.push(line) });
  await held.release();
  return held;
};

/** What a run leaves at the least once it has made something. */
const begin = async (out: string, given = recipe): Promise<void> => {
  await claim(out, given);
  const dataset = { name: "photos", classes: 2, classNames: ["a", "b"], fingerprint: "f" };
  await writeJson(join(out, "1-dataset.json"), dataset);
  await mkdir(join(out, "2-teachers"));
};

const usage = (message: RegExp) =>
  expect.objectContaining({ code: "USAGE", message: expect.stringMatching(message) as string }) as Error;

/** Fails on a folder, and leaves every byte in it. */
const refused = async (out: string, message: RegExp, given = recipe): Promise<void> => {
  const before = await hashesIn(out);
  await expect(claim(out, given)).rejects.toThrow(usage(message));
  expect(await hashesIn(out)).toEqual(before);
};

describe("a folder that is not ours", () => {
  it.each(["backup.json.1", "notes.md.20240101", "seconds.json.1234567", ".env", "report.json", "x.partial.7"])(
    "is refused for the sake of %s",
    async (name) => {
      const out = await temporaryFolder();
      await writeFile(join(out, name), "mine");
      await refused(out, /holds files that are not of a run \(.+\); choose an empty or new folder$/);
    },
  );

  it("is one with a recipe of one's own, whatever its form", async () => {
    const out = await temporaryFolder();
    const whole = recipeToYaml(recipe);
    for (const text of ["data: photos\nipc: 3\n", `# mine\n${whole}`, `${whole}# mine\n`, JSON.stringify(recipe)]) {
      await writeFile(join(out, "recipe.yaml"), text);
      await refused(
        out,
        /its recipe\.yaml was not written by distillery, or is damaged; choose an empty or new folder/,
      );
    }
  });

  it("is one with a recipe that cannot be read", async () => {
    const out = await temporaryFolder();
    for (const text of ["[", "", recipeToYaml(recipe).slice(0, 444), "\0".repeat(40)]) {
      await writeFile(join(out, "recipe.yaml"), text);
      await refused(
        out,
        /its recipe\.yaml was not written by distillery, or is damaged.*; choose an empty or new folder/,
      );
    }
  });

  it("is not one with nothing but what systems put there, or what a killed process was writing", async () => {
    const out = await temporaryFolder();
    for (const name of [".DS_Store", "Thumbs.db", ".directory", "._x"]) await writeFile(join(out, name), "");
    await writeFile(temporaryFor(join(out, "recipe.yaml")), "data: pho");
    await mkdir(join(out, ".4-set.writing-box-7"));
    await claim(out);
    expect((await readdir(out)).sort()).toEqual([".DS_Store", "._x", ".directory", "Thumbs.db", "recipe.yaml"].sort());
  });
});

describe("a run's folder", () => {
  it("is taken up by the same recipe, with its recipe file as it is", async () => {
    const out = await temporaryFolder();
    await begin(out);
    const written = await readFile(join(out, "recipe.yaml"), "utf8");
    expect(written).toMatch(/^# Written by distillery: .+\ndata: photos\n/);
    for (const text of [written, `${written}# a note of mine\n`, recipeToYaml(recipe)]) {
      await writeFile(join(out, "recipe.yaml"), text);
      expect((await claim(out)).recipe).toEqual(recipe);
      expect(await readFile(join(out, "recipe.yaml"), "utf8")).toBe(text);
    }
  });

  it("is refused to another recipe, and to one that was cut", async () => {
    const out = await temporaryFolder();
    await begin(out);
    await refused(out, /holds a run of another recipe \(ipc: 3 there, 4 now\)/, { ...recipe, ipc: 4 });
    await writeFile(join(out, "recipe.yaml"), (await readFile(join(out, "recipe.yaml"), "utf8")).slice(0, 444));
    await refused(out, /its recipe\.yaml is damaged.*; restore it from a copy or choose another --out$/);
  });

  it("in which nothing was made yet is taken over, but not a recipe that somebody changed", async () => {
    const out = await temporaryFolder();
    await claim(out);
    const other = { ...recipe, ipc: 4 };
    await claim(out, other);
    const text = await readFile(join(out, "recipe.yaml"), "utf8");
    expect(text).toContain("ipc: 4\n");
    await writeFile(join(out, "recipe.yaml"), `${text}# a note of mine\n`);
    await refused(out, /holds a run of another recipe/);
  });

  it("keeps a file of somebody else that has the name of one of ours", async () => {
    const foreign = {
      "report.json": '{"data": "photos", "ipc": 3}',
      "report.html": "<!DOCTYPE html>\n<html><body>mine</body></html>",
      "seconds.json": '{\n  "data": "photos"\n}\n',
      "curves.json": '{"mine": 1}',
      "1-dataset.json": "data: photos\n",
      "teachers.json": '{"format": "distillery-report"}',
      "comparison.json": "[]",
      "comparison.md": "# My notes\n",
      "comparison-memory.json": '{"a": 1}',
    };
    for (const [name, text] of Object.entries(foreign)) {
      const out = join(await temporaryFolder(), "out");
      await begin(out);
      await writeFile(join(out, name), text);
      await refused(out, new RegExp(`holds a ${name} that distillery did not write, or that is damaged`));
    }
    const out = join(await temporaryFolder(), "out");
    await begin(out);
    await writeFile(join(out, "mine.html"), "mine");
    await symlink("mine.html", join(out, "report.html"));
    await refused(out, /holds a report\.html that distillery did not write/);
  });

  it("keeps a set of somebody else", async () => {
    const out = await temporaryFolder();
    await begin(out);
    await mkdir(join(out, "4-set"));
    await writeFile(join(out, "4-set", "thesis.tex"), "mine");
    await expect(claim(out)).rejects.toMatchObject({ code: "SET" });
    expect(await filesIn(out)).toContain("4-set/thesis.tex");
  });

  it("is swept of what killed processes left, and of nothing else", async () => {
    const out = await temporaryFolder();
    await begin(out);
    const mine = [
      "logs/events.json.1",
      "data/train/labels.yaml.3",
      "2-teachers/a.safetensors.12",
      "seconds.json.5",
      "x.tmp",
    ];
    const theirs = ["logs/x.json", "data/y"].map((name) => temporaryFor(join(out, name)));
    const remnants = ["seconds.json", "2-teachers/0.safetensors", "work/infer-ipc3/0-0.safetensors", "students/a.json"];
    const swept = remnants.map((name) => temporaryFor(join(out, name)));
    for (const file of [...mine.map((name) => join(out, name)), ...theirs, ...swept]) {
      await mkdir(join(file, ".."), { recursive: true });
      await writeFile(file, "x");
    }
    for (const name of [".4-set.writing-box-7", "sets/.infer-ipc3.writing-box-8"])
      await mkdir(join(out, name), { recursive: true });
    await claim(out);
    const left = ["1-dataset.json", "recipe.yaml", ...mine, ...theirs.map((file) => file.slice(out.length + 1))];
    expect(await filesIn(out)).toEqual(left.sort());
    expect((await readdir(out)).filter((name) => name.startsWith(".4-set"))).toEqual([]);
    expect(await readdir(join(out, "sets"))).toEqual([]);
  });

  it("tells by name of an account that is damaged", async () => {
    const out = await temporaryFolder();
    await begin(out);
    for (const name of ["seconds.json", "curves.json"]) await writeFile(join(out, name), "");
    const notes: string[] = [];
    await claim(out, recipe, "f", notes);
    expect(notes).toEqual(
      ["seconds.json", "curves.json"].map((name) => `${join(out, name)} is damaged: it is made anew`),
    );
  });

  it("is one process's at a time, of whatever command", async () => {
    const out = await temporaryFolder();
    const held = await claimFolder(runFolder(out), recipe, "f", silent);
    await expect(claimFolder(compareFolder(out), recipe, "f", silent)).rejects.toThrow(
      usage(
        new RegExp(
          `is in use by process ${process.pid} on .+, since \\d{4}-.+ \\(distillery .*\\); wait for its end, stop it`,
        ),
      ),
    );
    await held.release();
    await (await claimFolder(compareFolder(out), recipe, "f", silent)).release();
  });
});

describe("paths spelled otherwise", () => {
  it("lead to the same run where the data are the same", async () => {
    const out = await temporaryFolder();
    await begin(out);
    for (const data of ["photos/", "./photos", "/somewhere/photos"]) {
      expect((await claim(out, { ...recipe, data })).recipe).toEqual(recipe);
      await expect(claim(out, { ...recipe, data }, "other")).rejects.toThrow(usage(/\(data: photos there, .+ now\)/));
    }
  });

  it("lead to the same run where teachers are the same files", async () => {
    const place = await temporaryFolder();
    const before = process.cwd();
    process.chdir(place);
    onTestFinished(() => process.chdir(before));
    await writeFile("t.safetensors", "");
    await cp("t.safetensors", "copy.safetensors");
    await symlink("t.safetensors", "link.safetensors");
    const taught = { ...recipe, teachers: ["convnet", "t.safetensors", "resnet18=t.safetensors"] };
    await begin("out", taught);
    const again = [
      ["convnet", "./t.safetensors", `resnet18=${join(place, "t.safetensors")}`],
      ["convnet", "link.safetensors", "resnet18=out/../t.safetensors"],
    ];
    for (const teachers of again) expect((await claim("out", { ...taught, teachers })).recipe).toEqual(taught);
    const others = [
      ["convnet", "copy.safetensors", "resnet18=t.safetensors"],
      ["convnet", "t.safetensors", "resnet34=t.safetensors"],
      ["./convnet", "t.safetensors", "resnet18=t.safetensors"],
    ];
    for (const teachers of others)
      await expect(claim("out", { ...taught, teachers })).rejects.toThrow(usage(/teachers: /));
  });
});
