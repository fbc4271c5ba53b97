import { execFileSync } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { readStored } from "../../src/training/checkpoint.ts";
import { filesIn, hashesIn, tinyFields, writePictures } from "../pipeline/tiny.ts";
import { distillery } from "./command.ts";
import { start } from "./processes.ts";

const brief = { ...tinyFields, labels: ["static"], seeds: 1 };

describe("folders, sets and teachers that do not fit", () => {
  let folder = "";
  const at = (...path: readonly string[]): string => join(folder, ...path);
  const ask = async (...args: readonly string[]): Promise<string> => {
    const { exit, stderr } = await distillery(folder, ...args);
    return `${exit} ${stderr.split("\n")[0]?.replace(/^error: /, "")}`;
  };
  const withRecipe = (command: string, out: string, ...more: readonly string[]): Promise<string> =>
    ask(command, ...more, "--recipe", at("recipe.yaml"), "--out", at(out));

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "distillery-folders-"));
    await writePictures(at("pictures"));
    await writePictures(at("fewer"), { classes: 3 });
    await writeFile(at("recipe.yaml"), stringify({ ...brief, data: at("pictures") }));
    expect(await withRecipe("distill", "done")).toMatch(/^0 /);
    return () => rm(folder, { recursive: true, force: true });
  }, 60_000);

  it("--out with a run of another recipe says what differs, and changes nothing", async () => {
    const before = await hashesIn(at("done"));
    expect(await withRecipe("run", "done", "--seed", "3", "--labels", "hard")).toBe(
      "2 --out done holds a run of another recipe (seed: 0 there, 3 now); choose another --out, or give the same recipe to resume",
    );
    expect(await hashesIn(at("done"))).toEqual(before);
  });

  it("--out with files of somebody else is left alone", async () => {
    await mkdir(at("foreign"));
    await writeFile(at("foreign/notes.txt"), "mine");
    expect(await withRecipe("run", "foreign")).toBe(
      "2 --out foreign holds files that are not of a run (notes.txt); choose an empty or new folder",
    );
    expect(await filesIn(at("foreign"))).toEqual(["notes.txt"]);
  });

  it("--out that is a file, or lies in one", async () => {
    await writeFile(at("file"), "mine");
    await symlink("nowhere", at("dangling"));
    execFileSync("mkfifo", [at("pipe")]);
    for (const [out, why] of [
      ["file", "it is a file, not a folder"],
      ["file/below", "a part of its path is a file"],
      ["dangling", "it is a link that leads nowhere"],
      ["pipe", "it is a pipe, a socket or a device"],
    ] as const) {
      expect(await withRecipe("run", out)).toBe(`2 --out ${out} cannot be used as a folder: ${why}; choose another`);
    }
    expect(await readFile(at("file"), "utf8")).toBe("mine");
  });

  it("--out with one's own recipe in it leaves that alone, under any name", async () => {
    const text = stringify({ ...brief, data: at("pictures") });
    for (const name of ["recipe.yaml", "report.json", "1-dataset.json", "mine.yaml"]) {
      await rm(at("own"), { recursive: true, force: true });
      await mkdir(at("own/logs"), { recursive: true });
      await writeFile(at("own/logs/events.json.1"), "mine");
      await writeFile(at("own", name), `# mine\n${text}`);
      const before = await hashesIn(at("own"));
      for (const command of ["run", "teach", "distill", "compare"]) {
        expect(await ask(command, "--recipe", at("own", name), "--out", at("own"))).toMatch(/^2 --out own/);
      }
      expect(await hashesIn(at("own"))).toEqual(before);
    }
  });

  it("a loss that is not finite ends the run, says what to change, and the folder can be used again", async () => {
    const wild = { ...brief, data: at("pictures"), teacher: { ...brief.teacher, epochs: 40, learningRate: 1e6 } };
    await writeFile(at("wild.yaml"), stringify(wild));
    const tame = ["--teacher-learning-rate", "0.05", "--teacher-epochs", "5"];
    expect(await ask("teach", "--recipe", at("wild.yaml"), "--out", at("wild"))).toMatch(
      /^7 teacher convnet8x1: loss became (NaN|Infinity) at step \d+ of 120; lower teacher\.learningRate \(it is 1000000; --teacher-learning-rate\) and run again, into another --out$/,
    );
    expect(await filesIn(at("wild"))).toEqual(["1-dataset.json", "recipe.yaml", "seconds.json"]);
    // Nothing was made, so nothing is in the way.
    expect(await ask("teach", "--recipe", at("wild.yaml"), ...tame, "--out", at("wild"))).toMatch(/^0 /);
  });

  it("a loss that is not finite leaves the last good checkpoint", async () => {
    const wild = { ...brief, teacher: { ...brief.teacher, epochs: 2000, learningRate: 50 } };
    await writeFile(at("late.yaml"), stringify({ ...wild, data: at("pictures") }));
    const { exit, stderr } = await start("watched", folder, ["teach", "--recipe", "late.yaml", "--out", "late"]).ended;
    expect({ exit, stderr }).toMatchObject({ exit: 7 });
    const kept = /the last good checkpoint, of step (\d+), is kept in (\S+);/.exec(stderr);
    const stored = await readStored(at(kept?.[2] ?? "none"));
    expect(JSON.parse(stored?.metadata.progress ?? "{}")).toMatchObject({ step: Number(kept?.[1]) });
    for (const { data } of Object.values(stored?.tensors ?? {})) {
      expect(Array.from(data as Float32Array).every(Number.isFinite)).toBe(true);
    }
  });

  it("a set with one flipped byte", async () => {
    await cp(at("done/4-set"), at("flipped"), { recursive: true });
    const file = at("flipped/compensators.safetensors");
    const bytes = await readFile(file);
    bytes[bytes.length - 100]! ^= 1;
    await writeFile(file, bytes);
    expect((await distillery(folder, "inspect", at("flipped"))).exit).toBe(0);
    const { exit, stdout, stderr } = await distillery(folder, "verify", at("flipped"));
    expect({ exit, stderr }).toMatchObject({
      exit: 5,
      stderr: expect.stringContaining(
        "flipped: not a whole distilled set, see above; make or fetch it again",
      ) as string,
    });
    expect(stdout).toMatch(/^DAMAGED {2}compensators\.safetensors/m);
    expect(stdout).toMatch(/^ok {7}labels\.safetensors/m);
    expect(await withRecipe("evaluate", "unused", at("flipped"))).toMatch(
      /^5 flipped: part compensators\.safetensors is damaged: its sha256 is [0-9a-f]{64}, the manifest says [0-9a-f]{64}; `distillery verify` lists everything that is wrong$/,
    );
    await expect(filesIn(at("unused"))).rejects.toThrow("ENOENT");
  });

  it("a folder that is no set", async () => {
    const message = "5 pictures: it is not a distilled set: it has no manifest.json";
    expect(await ask("inspect", at("pictures"))).toBe(message);
    expect(await withRecipe("evaluate", "unused", at("pictures"))).toBe(message);
    const { exit, stdout } = await distillery(folder, "verify", at("pictures"));
    expect({ exit, stdout }).toEqual({ exit: 5, stdout: `problem  ${message.slice(2)}\n` });
    await expect(filesIn(at("unused"))).rejects.toThrow("ENOENT");
  });

  it("a set of other classes, and a teacher of other classes", async () => {
    expect(await withRecipe("evaluate", "unused", at("done/4-set"), "--data", at("fewer"))).toMatch(
      /^5 done\/4-set does not fit the data fewer, other classes: it was made for 4, the data has 3; the data lacks kind3; give the data/,
    );
    const teacher = at("done/2-teachers/0-convnet8x1.safetensors");
    expect(await withRecipe("run", "unused", "--data", at("fewer"), "--teachers", teacher)).toMatch(
      /^5 done\/2-teachers\/0-convnet8x1\.safetensors does not fit the data, other classes: .+ lacks kind3; give a teacher of these classes and this size, or an architecture to train one$/,
    );
    await expect(filesIn(at("unused"))).rejects.toThrow("ENOENT");
  });

  it("teachers that a set was not made with, before any is trained", async () => {
    const files = ["1-convnet6x2", "0-convnet8x1"].map((name) => at("done/2-teachers", `${name}.safetensors`));
    for (const [teachers, first] of [
      [
        files.join(","),
        /its teacher 1 of 2 is convnet8x1 with sha256 \w{12}\.\.\., but the recipe's is convnet6x2 with/,
      ],
      [files[1] ?? "", /its teacher 2 of 2 is convnet6x2 with sha256 \w{12}\.\.\., but the recipe's is none; give/],
      ["convnet8x1,convnet128x3", /its teacher 2 of 2 is .+, but the recipe's is convnet128x3, to be trained; give/],
    ] as const) {
      const labels = teachers.includes("128") ? "dynamic" : "static";
      const said = await withRecipe("evaluate", "unused", at("done/4-set"), "--teachers", teachers, "--labels", labels);
      expect(said).toMatch(/^5 done\/4-set: /);
      expect(said).toMatch(first);
    }
    await expect(filesIn(at("unused"))).rejects.toThrow("ENOENT");
  });
});
