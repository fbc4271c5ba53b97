import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { methodNames } from "../../src/pipeline/recipe/method.ts";
import { commandLine } from "./world.ts";

let folder: string;
const scripts: Record<string, string> = {};
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "distillery-completion-"));
  mkdirSync(join(folder, "photos"));
  mkdirSync(join(folder, "runs", "c10"), { recursive: true });
  writeFileSync(join(folder, "mine.yaml"), "");
  for (const shell of ["bash", "zsh", "fish"]) {
    const { exit, stdout } = await commandLine(["completion", shell]);
    expect(exit).toBe(0);
    scripts[shell] = join(folder, `script.${shell}`);
    writeFileSync(scripts[shell], stdout);
  }
});
afterAll(() => rmSync(folder, { recursive: true }));

const here = (shell: string): boolean => {
  try {
    execFileSync(shell, ["-c", "exit 0"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
};

/** Answers of the script's function, called as bash calls it at the end of a line. */
const byBash = (...words: readonly string[]): string[] => {
  const call = `source "$1"; shift; COMP_WORDS=(distillery "$@"); COMP_CWORD=$#; _distillery; printf "%s\\n" "\${COMPREPLY[@]}"`;
  const said = execFileSync("bash", ["-c", call, "bash", scripts.bash!, ...words], { cwd: folder, encoding: "utf8" });
  return said.split("\n").filter((line) => line !== "");
};

describe.skipIf(!here("bash"))("completion in bash", () => {
  it.each<[readonly string[], readonly string[]]>([
    [["te"], ["teach"]],
    [["help", "ins"], ["inspect"]],
    [["run", "--student-l"], ["--student-learning-rate"]],
    [["run", "--dev", ""].slice(0, 2), ["--device"]],
    [
      ["run", "--device", "cu"],
      ["cuda", "cuda-tf32"],
    ],
    [
      ["run", "--device", "=", "cu"],
      ["cuda", "cuda-tf32"],
    ],
    [
      ["run", "--labels", "static,"],
      ["static,static", "static,dynamic", "static,hard"],
    ],
    [["run", "--students", "convnet,resnet18w"], ["convnet,resnet18w32"]],
    [["run", "--recipe", "compare-d"], ["compare-demo"]],
    [["run", "--recipe", "mi"], ["mine.yaml"]],
    [["run", "--out", "runs/c"], ["runs/c10/"]],
    [["run", "ph"], ["photos/"]],
    [
      ["run", "--data", "cifar"],
      ["cifar10", "cifar100"],
    ],
    [
      ["data", "cifar"],
      ["cifar10", "cifar100"],
    ],
    [["inspect", "ru"], ["runs/"]],
    [["run", "--ipc", ""], []],
    // Idle for the command.
    [["run", "--compare-m"], []],
    [["teach", "--method"], []],
  ])("%j", (words, expected) => expect(byBash(...words)).toEqual(expected));

  it("knows every method", () => {
    expect(byBash("run", "--method", "").sort()).toEqual([...methodNames].sort());
  });
});

describe.skipIf(!here("zsh"))("completion in zsh", () => {
  it("is read and bound", () => {
    const said = execFileSync("zsh", ["-f", "-c", `source ${scripts.zsh}; echo $_comps[distillery]`], {
      encoding: "utf8",
    });
    expect(said).toContain("_distillery");
  });
});

describe.skipIf(!here("fish"))("completion in fish", () => {
  it.each<[string, readonly string[]]>([
    ["te", ["teach"]],
    ["run --device cu", ["cuda", "cuda-tf32"]],
    ["run --labels static,", ["static,dynamic", "static,hard", "static,static"]],
    ["run --recipe compare-d", ["compare-demo"]],
    ["run ph", ["photos/"]],
    ["teach --method", []],
  ])("distillery %s", (line, expected) => {
    const ask = `source ${scripts.fish}; complete -C "distillery ${line}"`;
    const said = execFileSync("fish", ["--no-config", "-c", ask], { cwd: folder, encoding: "utf8" });
    expect(
      said
        .split("\n")
        .flatMap((one) => one.split("\t")[0] || [])
        .sort(),
    ).toEqual(expected);
  });
});

it.each([
  ["fisch", 'fisch: expected bash, zsh, fish (did you mean "fish"?)'],
  ["constructor", "constructor: expected bash, zsh, fish"],
])("is told of no other shell, such as %s", async (shell, said) => {
  const { exit, stderr } = await commandLine(["completion", shell]);
  expect(stderr).toContain(`error: completion ${said}`);
  expect(exit).toBe(2);
});
