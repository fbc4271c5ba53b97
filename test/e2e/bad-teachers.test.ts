import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { tinyFields, writePictures } from "../pipeline/tiny.ts";
import { writeTorchFile } from "../teachers/torch-file.ts";
import { distillery } from "./command.ts";

describe("weights of other programs that cannot be used are refused before anything is written", () => {
  let folder = "";
  let own = "";
  const at = (...path: readonly string[]): string => join(folder, ...path);

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "distillery-weights-"));
    const data = await writePictures(at("pictures"));
    const fields = { ...tinyFields, data, teachers: ["convnet8x1"], teacher: { ...tinyFields.teacher, epochs: 1 } };
    await writeFile(at("recipe.yaml"), stringify(fields));
    const { exit } = await distillery(folder, "teach", "--recipe", at("recipe.yaml"), "--out", at("own"));
    expect(exit).toBe(0);
    own = at("own/2-teachers/0-convnet8x1.safetensors");
    await writeTorchFile(own, at("whole.safetensors"));
    return () => rm(folder, { recursive: true, force: true });
  }, 60_000);

  /** Status and message of a run with these teachers. */
  const refused = async (teachers: string, ...options: readonly string[]): Promise<string> => {
    const recipe = ["--recipe", at("recipe.yaml"), "--out", at("out"), "--teachers", teachers, ...options];
    const { exit, stdout, stderr } = await distillery(folder, "run", ...recipe);
    expect(existsSync(at("out"))).toBe(false);
    expect(stdout).toBe("");
    const lines = stderr.trimEnd().split("\n");
    expect(lines).toHaveLength(2);
    return `${exit} ${lines[0]?.replace(/^error: /, "")}`;
  };

  it("a misspelt architecture, without a look at the data", async () => {
    expect(await refused("resnet81=resnet18.safetensors", "--data", at("nowhere"))).toMatch(
      /^2 teacher resnet81=resnet18\.safetensors: unknown architecture "resnet81" \(did you mean "resnet18"\?\); known: .+; a teacher's own file with = in its name is given with its folder, \.\/resnet81=resnet18\.safetensors$/,
    );
  });

  it("a file of another kind, without a look at the data", async () => {
    expect(await refused("resnet18=resnet18.pth", "--data", at("nowhere"))).toBe(
      '2 teacher resnet18=resnet18.pth: expected ARCHITECTURE=FILE.safetensors, got the file "resnet18.pth"; safetensors.torch.save_file writes a torch state_dict as such a file',
    );
  });

  it("a file that is not there, cannot be read, or is damaged", async () => {
    expect(await refused(`convnet8x1=${at("none.safetensors")}`)).toBe(
      "5 teacher convnet8x1=none.safetensors: no such file; expected the weights of convnet8x1 with torchvision's names as a safetensors file",
    );
    await mkdir(at("folder.safetensors"));
    expect(await refused(`convnet8x1=${at("folder.safetensors")}`)).toMatch(
      /^5 teacher convnet8x1=folder\.safetensors: cannot be read \(it is a folder, not a file\); expected the weights of convnet8x1/,
    );
    await writeFile(at("short.safetensors"), "short");
    expect(await refused(`convnet8x1=${at("short.safetensors")}`)).toBe(
      "5 short.safetensors: not a usable safetensors file: it has 5 bytes, expected at least 8; make or fetch the file again",
    );
  });

  it("tensors of other names and shapes, each listed", async () => {
    await writeTorchFile(own, at("other.safetensors"), (tensors) => {
      tensors["module.fc.bias"] = tensors["fc.bias"]!;
      delete tensors["fc.bias"];
      tensors["fc.weight"] = { dtype: "F32", shape: [10, 128], data: new Float32Array(1280) };
    });
    expect(await refused(`convnet8x1=${at("other.safetensors")}`)).toBe(
      "5 other.safetensors does not hold the weights of convnet8x1 for 4 classes at 8x8: 1 missing: fc.bias (the file has module.fc.bias); " +
        "1 left over: module.fc.bias (the network has fc.bias); 1 of another shape or type: fc.weight is F32 [10,128], expected F32 or F16 [4,128]; " +
        "give weights of this architecture with torchvision's names, for so many classes and this image size",
    );
    expect(await refused(`convnet6x2=${at("whole.safetensors")}`)).toMatch(
      /^5 whole\.safetensors does not hold the weights of convnet6x2 .+ missing: blocks\.1\.conv\.weight/,
    );
  });

  it("a tensor that is not finite", async () => {
    await writeTorchFile(own, at("wild.safetensors"), (tensors) => {
      tensors["fc.bias"] = { dtype: "F32", shape: [4], data: Float32Array.of(0, Number.NaN, 0, 0) };
    });
    expect(await refused(`convnet8x1=${at("wild.safetensors")}`)).toBe(
      "5 wild.safetensors: of the tensors of convnet8x1, 1 with NaN or infinite values, or variances below 0: fc.bias (1 of 4); fetch or write the file again, as F32 (half floats reach 65504)",
    );
  });

  it("weights of which nobody says what they are", async () => {
    const weights = at("resnet.safetensors");
    await writeTorchFile(own, weights);
    expect(await refused(weights)).toBe(
      "5 resnet.safetensors is no teacher of ours: it lacks the metadata \"teacher\"; make one with distillery teach, or say which architecture's weights they are if their names are torchvision's, e.g. resnet18=resnet.safetensors",
    );
  });

  it("but folders may have = in their names", async () => {
    expect(await refused(at("lr=0.1", "none.safetensors"))).toBe(
      "5 teacher lr=0.1/none.safetensors: no such file; train one with distillery teach",
    );
  });
});
